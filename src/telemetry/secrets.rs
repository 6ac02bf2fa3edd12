//! What must not be shown: URLs that may hold credentials, and secrets that somebody else may repeat to us.

use std::{borrow::Cow, fmt, str::FromStr};

use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE, BASE64_URL_SAFE_NO_PAD},
};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};
use serde::{Serialize, Serializer};
use url::{Host, Url};

/// What stands for a secret.
const MASK: &str = "***";

/// Shorter texts are masked only together with what stands beside them: on their own they would be found everywhere.
const SHORTEST: usize = 4;

/// Shortest value of a URL's query that may be a key.
const SHORTEST_QUERY_VALUE: usize = 8;

/// The text is no URL that an HTTP client can call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an http or https URL is wanted, like http://localhost:8001")]
pub struct NotWeb;

/// The `http` or `https` URL of a service, which may hold a password or a key.
///
/// However it is printed, credentials are left out, and so is the query, whose values may be keys. Only
/// [`expose`](Self::expose), [`bare`](Self::bare) and [`authorization`](Self::authorization) give more away, to HTTP clients.
#[derive(Clone, PartialEq, Eq)]
pub struct ServiceUrl(Url);

impl ServiceUrl {
    /// The URL with everything that it holds. For HTTP clients, never for messages.
    pub fn expose(&self) -> &Url {
        &self.0
    }

    /// The URL without credentials, but with its query: what an HTTP client calls that sends
    /// [`authorization`](Self::authorization) itself.
    pub fn bare(&self) -> Url {
        let mut url = self.0.clone();
        // Errors mean that the URL cannot hold credentials at all.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        url
    }

    /// The `Authorization` header of its credentials, if it has some.
    pub fn authorization(&self) -> Option<String> {
        let (user, password) = self.credentials()?;
        Some(format!("Basic {}", BASE64_STANDARD.encode([user, password].join(&b':'))))
    }

    /// The URL of another path of the same service; its query stays.
    pub fn with_path(&self, path: &str) -> Self {
        let mut url = self.0.clone();
        url.set_path(path);
        Self(url)
    }

    /// Whether the service is on this machine: no proxy could reach it.
    pub fn is_this_machine(&self) -> bool {
        match self.0.host() {
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.to_canonical().is_loopback(),
            None => false,
        }
    }

    /// User and password, decoded.
    fn credentials(&self) -> Option<(Vec<u8>, Vec<u8>)> {
        let given = !self.0.username().is_empty() || self.0.password().is_some();
        let decoded = |text: &str| percent_decode_str(text).collect();
        given.then(|| (decoded(self.0.username()), decoded(self.0.password().unwrap_or_default())))
    }
}

impl FromStr for ServiceUrl {
    type Err = NotWeb;

    /// As people write it: without a scheme `http` is meant, and the address of all interfaces means this machine.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let with_scheme = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        let mut url = Url::parse(&with_scheme).map_err(|_| NotWeb)?;
        let this_machine = match url.host() {
            Some(Host::Ipv4(address)) if address.is_unspecified() => Some("127.0.0.1"),
            Some(Host::Ipv6(address)) if address.is_unspecified() => Some("[::1]"),
            _ => None,
        };
        if let Some(host) = this_machine {
            url.set_host(Some(host)).map_err(|_| NotWeb)?;
        }
        // `mailto:a@b` is no host with a password.
        let named =
            text.contains("://") || url.username().is_empty() && url.host_str().is_some_and(|host| !host.is_empty());
        (matches!(url.scheme(), "http" | "https") && url.has_host() && named).then_some(Self(url)).ok_or(NotWeb)
    }
}

impl fmt::Display for ServiceUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut url = self.bare();
        url.set_query(None);
        url.set_fragment(None);
        f.write_str(url.as_str().trim_end_matches('/'))?;
        if self.0.query().is_some() || self.0.fragment().is_some() {
            f.write_str("?…")?;
        }
        Ok(())
    }
}

impl fmt::Debug for ServiceUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

impl Serialize for ServiceUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A text as it may be shown that was meant to be a URL and perhaps is none: all before the last `@` may be credentials,
/// and all after a `?` or `#` a key.
pub fn mask_url(text: &str) -> String {
    let (start, rest) = match text.rfind('@') {
        Some(at) => {
            let start = text.find("://").map_or(0, |colon| colon + "://".len()).min(at);
            (format!("{}{MASK}", &text[..start]), &text[at..])
        }
        None => (String::new(), text),
    };
    match rest.find(['?', '#']) {
        Some(query) => format!("{start}{}?…", &rest[..query]),
        None => start + rest,
    }
}

/// Secrets in the forms in which they may come back: a server that repeats the header that it got, a page that quotes a
/// URL, a proxy that logs the password.
#[derive(Clone, Default)]
pub struct KnownSecrets {
    /// Longest first, so that what holds another is masked as a whole.
    forms: Vec<String>,
}

impl fmt::Debug for KnownSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KnownSecrets({})", self.forms.len())
    }
}

impl KnownSecrets {
    /// Those of one service: the credentials and the query of its URL, and its key.
    pub fn of(url: &ServiceUrl, key: Option<&SecretString>) -> Self {
        let mut secrets = Self::default();
        if let Some((user, password)) = url.credentials() {
            let pair = [user.as_slice(), password.as_slice()].join(&b':');
            let encodings = [BASE64_STANDARD, BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE, BASE64_URL_SAFE_NO_PAD];
            secrets.forms.extend(encodings.map(|encoding| encoding.encode(&pair)));
            let raw = format!("{}:{}", url.0.username(), url.0.password().unwrap_or_default());
            secrets.forms.push(raw);
            secrets.add(&String::from_utf8_lossy(&pair), 1);
            // A key that is given as a user without a password is a secret, too.
            let secret = if password.is_empty() { user } else { password };
            secrets.add(&String::from_utf8_lossy(&secret), SHORTEST);
            let raw = url.0.password().filter(|password| !password.is_empty()).unwrap_or(url.0.username());
            secrets.add(raw, SHORTEST);
        }
        for (_, value) in url.0.query_pairs() {
            secrets.add(&value, SHORTEST_QUERY_VALUE);
        }
        if let Some(key) = key {
            secrets.add(key.expose_secret(), SHORTEST);
        }
        secrets.in_order()
    }

    /// These and others.
    #[must_use]
    pub fn and(mut self, others: Self) -> Self {
        self.forms.extend(others.forms);
        self.in_order()
    }

    /// The text without what is secret.
    pub fn clean<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut clean = Cow::Borrowed(text);
        for form in &self.forms {
            if clean.contains(form.as_str()) {
                clean = Cow::Owned(clean.replace(form.as_str(), MASK));
            }
        }
        clean
    }

    /// Whether nothing is secret.
    pub fn is_empty(&self) -> bool {
        self.forms.is_empty()
    }

    /// A secret as it is, and as it stands in URLs, JSON and HTML; unless it is so short that it means nothing.
    fn add(&mut self, secret: &str, shortest: usize) {
        if secret.chars().count() < shortest.max(1) {
            return;
        }
        let encoded = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
        let form: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        let json = serde_json::Value::from(secret).to_string();
        let json = json[1..json.len() - 1].to_owned();
        let html = secret.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
        self.forms.extend([secret.to_owned(), lower_hex(&encoded), encoded, form, json, html]);
    }

    fn in_order(mut self) -> Self {
        self.forms.retain(|form| !form.is_empty());
        self.forms.sort_unstable_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        self.forms.dedup();
        self
    }
}

/// The same with the digits of each `%XX` in lower case, as some programs write them.
fn lower_hex(encoded: &str) -> String {
    let mut digits = 0u8;
    let lower = |c: char| {
        let lower = if digits > 0 { c.to_ascii_lowercase() } else { c };
        digits = if c == '%' { 2 } else { digits.saturating_sub(1) };
        lower
    };
    encoded.chars().map(lower).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn url(text: &str) -> ServiceUrl {
        text.parse().unwrap()
    }

    #[test]
    fn a_url_is_printed_without_what_may_be_secret() {
        for (text, shown) in [
            ("http://me:hunter2@host:1/v1/?key=sk-abc", "http://host:1/v1?…"),
            ("http://sk-token@host/", "http://host"),
            ("https://host/v1#sk-abc", "https://host/v1?…"),
            ("http://host", "http://host"),
        ] {
            let url = url(text);
            assert_eq!(url.to_string(), shown);
            assert_eq!(format!("{url:?}"), format!("{shown:?}"));
            assert_eq!(serde_json::to_string(&url).unwrap(), format!("{shown:?}"));
        }
        let url = url("http://me:a%3Ab%40c@host/?k=v");
        assert_eq!(url.authorization().as_deref(), Some("Basic bWU6YTpiQGM="));
        assert_eq!(url.bare().as_str(), "http://host/?k=v");
        assert_eq!(url.expose().password(), Some("a%3Ab%40c"));
        for wrong in ["ftp://host", "host:x", "http://", "mailto:a@b", "", "a b"] {
            assert_eq!(wrong.parse::<ServiceUrl>(), Err(NotWeb), "{wrong}");
        }
    }

    #[test]
    fn addresses_are_taken_as_people_write_them() {
        for (text, meant, here) in [
            ("localhost:11434", "http://localhost:11434", true),
            ("gpu.example.com", "http://gpu.example.com", false),
            (" http://0.0.0.0:8080/v1/ ", "http://127.0.0.1:8080/v1", true),
            ("[::]:8080", "http://[::1]:8080", true),
            ("https://[::ffff:127.0.0.1]", "https://[::ffff:7f00:1]", true),
            ("127.1.2.3", "http://127.1.2.3", true),
        ] {
            assert_eq!((url(text).to_string().as_str(), url(text).is_this_machine()), (meant, here), "{text}");
        }
    }

    #[test]
    fn what_was_meant_as_a_url_is_masked_as_well() {
        for (text, shown) in [
            ("ftp://me:hunter2@host", "ftp://***@host"),
            ("me:hunter2@host:99999999/?a=b@c", "***@c"),
            ("http://host:99999999/v1?key=sk-abc", "http://host:99999999/v1?…"),
            ("localhost", "localhost"),
        ] {
            assert_eq!(mask_url(text), shown);
        }
    }

    #[test]
    fn short_secrets_are_masked_in_their_surroundings_only() {
        let secrets = KnownSecrets::of(&url("http://me:abc@host"), None);
        assert_eq!(secrets.clean("the abc of me:abc"), "the abc of ***");
        assert!(KnownSecrets::of(&url("http://host/v1?api-version=3"), None).is_empty());
    }

    proptest! {
        /// Whatever the secrets are made of: no form in which they come back stays.
        #[test]
        fn no_form_of_a_secret_survives(password in "[ -~äß船]{4,20}", key in "[!-~]{8,40}", before in "[ -~]{0,20}") {
            let mut plain = Url::parse("http://host:1/v1").unwrap();
            plain.set_username("user").unwrap();
            let encoded = utf8_percent_encode(&password, NON_ALPHANUMERIC).to_string();
            plain.set_password(Some(&encoded)).unwrap();
            let url: ServiceUrl = plain.as_str().parse().unwrap();
            let secrets = KnownSecrets::of(&url, Some(&SecretString::from(key.clone())));
            let pair = format!("user:{password}");
            let json = serde_json::json!({ "error": key.clone() }).to_string();
            let echoes = [
                format!("{before} Bearer {key}"),
                format!("{before} {pair} {password}"),
                format!("Authorization: Basic {}", BASE64_STANDARD.encode(&pair)),
                format!("{before} {}", url.expose()),
                format!("?key={}", utf8_percent_encode(&key, NON_ALPHANUMERIC)),
                json,
            ];
            for echo in echoes {
                let clean = secrets.clean(&echo);
                for secret in [&key, &password, &BASE64_STANDARD.encode(&pair)] {
                    prop_assert!(!clean.contains(secret.as_str()) || MASK.contains(secret.as_str()), "{clean}");
                }
            }
        }
    }
}

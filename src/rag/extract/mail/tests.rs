//! Mails as programs send them, and hostile ones.

use std::time::{Duration, Instant};

use crate::rag::extract::{
    ExtractError, Extracted, Format, Limits, Warning, extract_bytes,
    tests::{archive, fixture},
};

fn read(mail: &str) -> Result<Extracted, ExtractError> {
    extract_bytes(Format::Eml, mail.as_bytes(), &Limits::default())
}

#[test]
fn a_mail_gives_its_headers_its_page_and_what_is_attached() {
    let (format, bytes) = fixture("berths.eml");
    let extracted = extract_bytes(format, &bytes, &Limits::default()).unwrap();
    assert_eq!(extracted.title.as_deref(), Some("Grüße aus Kiel: Liegeplätze"));
    assert_eq!(
        extracted.text,
        "# Grüße aus Kiel: Liegeplätze\n\nFrom: Mira Okafor <mira@example.org>\n\
         To: Jon Berg <jon@example.org>, crew@example.org\nCc: office@example.org\nDate: 2025-03-01 14:30 +01:00\n\n\
         ## Berths\n\nWe have 12 berths.\n\n| Pier | Berths |\n| --- | --- |\n| A | 7 |\n\n\
         Attachment: Anlegeregeln für Gäste.bin\n\nAttachment: photos.zip\n\nAttachment: contract.pdf\n\n\
         Attachment: Re: Fees of 2025.eml"
    );
    let [rules, answer, fees] = extracted.attachments.as_slice() else { panic!("{:?}", extracted.attachments) };
    // What its name does not tell is read by its content; what cannot be read is named.
    assert_eq!(rules.name, "Anlegeregeln für Gäste.bin");
    assert!(rules.document.text.starts_with("# Mooring rules\n\nBoats moor bow first."), "{}", rules.document.text);
    assert!(rules.document.text.ends_with("Since the storm of 2013."), "{}", rules.document.text);
    assert_eq!((answer.name.as_str(), answer.document.format), ("Re: Fees of 2025.eml", Format::Eml));
    assert_eq!(
        answer.document.text,
        "# Re: Fees of 2025\n\nFrom: Jon Berg <jon@example.org>\nTo: mira@example.org\nDate: 2025-02-03 09:00 +01:00\n\n\
         The fee for 12 m is 34 euros.\n\nAttachment: fees.csv"
    );
    // What is attached to an attached mail stands beside it.
    assert_eq!((fees.name.as_str(), fees.document.format), ("Re: Fees of 2025.eml/fees.csv", Format::Csv));
    assert_eq!(fees.document.text, "| code | fee |\n| --- | --- |\n| K-8 | 21 |\n| K-12 | 34 |");
    let [Warning::AttachmentUnread { name, why }] = extracted.warnings.as_slice() else {
        panic!("{:?}", extracted.warnings)
    };
    assert_eq!(name, "contract.pdf");
    assert!(why.starts_with("damaged or not a PDF file"), "{why}");
}

#[test]
fn a_page_without_words_gives_way_to_the_text() {
    let mail = "Subject: Plain\nMIME-Version: 1.0\nContent-Type: multipart/alternative; boundary=x\n\n--x\nContent-Type: text/plain\n\n\
                The text.\n\nSecond paragraph.\n--x\nContent-Type: text/html\n\n<html><body><img src=a></body></html>\n--x--\n";
    assert_eq!(read(mail).unwrap().text, "# Plain\n\nThe text.\n\nSecond paragraph.");
    // A page may say in which encoding it is, a text only by its letters.
    let page = "Subject: x\nContent-Type: text/html\nContent-Transfer-Encoding: quoted-printable\n\n<html><head><meta charset=3Dwindows-1251></head><body>=E4=E0</body></html>\n";
    assert_eq!(read(page).unwrap().text, "# x\n\nда");
    let plain = "Subject: x\nContent-Transfer-Encoding: quoted-printable\n\nDie Geb=FChr f=FCr Gro=DFkunden betr=E4gt f=FCnf Euro.\n";
    assert_eq!(read(plain).unwrap().text, "# x\n\nDie Gebühr für Großkunden beträgt fünf Euro.");
    // Encodings of headers and bodies.
    let mail = "Subject: =?iso-8859-1?Q?Gr=FC=DFe?=\nContent-Type: text/plain; charset=windows-1252\nContent-Transfer-Encoding: quoted-printable\n\n5 =80\n";
    assert_eq!(read(mail).unwrap().text, "# Grüße\n\n5 €");
}

#[test]
fn saved_pages_are_read_without_their_parts() {
    let page = "From: <Saved by a browser>\nSubject: Page\nMIME-Version: 1.0\nContent-Type: multipart/related; type=\"text/html\"; boundary=x\n\n--x\n\
                Content-Type: text/html\nContent-Location: https://a.b/\n\n<html><body><h1>Tides</h1><p>High at 9.</p></body></html>\n--x\n\
                Content-Type: text/css\nContent-Location: https://a.b/s.css\n\nbody { color: red }\n--x--\n";
    assert_eq!(
        extract_bytes(Format::Eml, page.as_bytes(), &Limits::default()).unwrap().text,
        "# Page\n\nFrom: Saved by a browser\n\n## Tides\n\nHigh at 9."
    );
}

#[test]
fn encrypted_and_signed_mails_are_told_apart() {
    let sealed = "Subject: x\nContent-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\nContent-Transfer-Encoding: base64\n\nTUlJ\n";
    assert!(matches!(read(sealed), Err(ExtractError::Encrypted)));
    let pgp = "Subject: x\nContent-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=x\n\n--x\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n--x--\n";
    assert!(matches!(read(pgp), Err(ExtractError::Encrypted)));
    let signed = "Subject: x\nContent-Type: multipart/signed; boundary=x\n\n--x\nContent-Type: text/plain\n\nSigned words.\n--x\n\
                  Content-Type: application/pgp-signature; name=signature.asc\n\niQ\n--x--\n";
    assert!(read(signed).unwrap().text.starts_with("# x\n\nSigned words."));
    assert!(matches!(read("no headers at all"), Err(ExtractError::Damaged { format: "EML", .. })));
}

/// A mail in which a mail is attached, this deep.
fn nested(depth: usize) -> String {
    let mut mail = String::new();
    for n in 0..depth {
        mail.push_str(&format!(
            "Subject: level {n}\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\nContent-Type: text/plain\n\nword{n}\n--b{n}\nContent-Type: message/rfc822\n\n"
        ));
    }
    mail + "Subject: innermost\n\nthe end\n"
}

#[test]
fn mails_in_mails_end_at_a_depth() {
    let shallow = read(&nested(3)).unwrap();
    let names: Vec<_> = shallow.attachments.iter().map(|attached| attached.name.as_str()).collect();
    let [first, second, third] = ["level 1.eml", "level 1.eml/level 2.eml", "level 1.eml/level 2.eml/innermost.eml"];
    assert_eq!(names, [first, second, third]);
    assert_eq!(shallow.attachments[2].document.text, "# innermost\n\nthe end");
    assert_eq!(shallow.warnings, []);
    let started = Instant::now();
    for depth in [1_000, 5_000] {
        let extracted = read(&nested(depth)).unwrap();
        let [.., deepest] = extracted.attachments.as_slice() else { panic!("nothing is attached") };
        assert!(deepest.document.text.contains("word8"), "{}", deepest.document.text);
        assert!(
            matches!(deepest.document.warnings.as_slice(), [Warning::AttachmentUnread { name, .. }] if name == "level 9.eml"),
            "{:?}",
            deepest.document.warnings
        );
    }
    let parts: String =
        (0..2_000).map(|n| format!("Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n")).collect();
    let deep = format!("Subject: deep\nMIME-Version: 1.0\n{parts}Content-Type: text/plain\n\nwords\n");
    let deep = read(&deep).unwrap();
    assert!(deep.attachments.iter().any(|attached| attached.document.text.contains("words")), "{deep:?}");
    assert!(started.elapsed() < Duration::from_secs(20));
}

#[test]
fn an_attached_bomb_costs_the_mail_nothing_but_the_attachment() {
    use base64::Engine;
    let bomb = archive(&[("word/document.xml", &b" ".repeat(4 << 20))]);
    let encoded = base64::engine::general_purpose::STANDARD.encode(bomb);
    let mail = format!(
        "Subject: x\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nRead me.\n--b\n\
         Content-Type: application/octet-stream\nContent-Disposition: attachment; filename=a.docx\nContent-Transfer-Encoding: base64\n\n{encoded}\n--b--\n"
    );
    let limits = Limits { max_unpacked_bytes: 1 << 20, ..Limits::default() };
    let extracted = extract_bytes(Format::Eml, mail.as_bytes(), &limits).unwrap();
    assert_eq!(extracted.text, "# x\n\nRead me.\n\nAttachment: a.docx");
    assert!(extracted.warnings[0].to_string().contains("decompression bomb"), "{:?}", extracted.warnings);
}

//! Structure, encodings and bounds; what a reader sees is in `reader_tests`.

use std::time::Duration;

use super::*;

fn read(source: &str) -> Raw {
    extract(source.as_bytes(), &Limits::default(), Deadline::after(Duration::MAX)).unwrap()
}

#[test]
fn structure_becomes_markdown() {
    let raw = read(
        "<title>T &amp; U</title><body><h2>Set\n up</h2><p>First<br>second &euro;5</p><ul><li>a<ol start=3><li>b</li></ol></li><li>c</li></ul>\
         <pre><code>x\n  y</code></pre><table><tr><th>k</th><th>v</th></tr><tr><td>1</td><td><p>2</p><p>3</p></td></tr></table>",
    );
    assert_eq!(raw.title.as_deref(), Some("T & U"));
    assert_eq!(
        raw.text,
        "## Set up\n\nFirst\nsecond €5\n\n- a\n  3. b\n- c\n\n```\nx\n  y\n```\n\n| k | v |\n| --- | --- |\n| 1 | 2 3 |"
    );
}

#[test]
fn pictures_are_what_is_read_out_in_their_place() {
    let raw = read(
        "<p>Turn the <img alt='red valve' src=x> slowly.</p><img src=y.png><img alt='' src=line.png><img src=t.gif width=1 height=1>\
         <figure><img src=p.png alt='Diagram of the pump'><figcaption>Fig. 1</figcaption></figure><img alt='IMG_0417.jpg'>",
    );
    assert_eq!(raw.text, "Turn the red valve slowly.\n\nDiagram of the pump\n\nFig. 1");
    assert_eq!(raw.pictures.without_text, 2);
}

#[test]
fn declared_encodings_are_honoured() {
    let page = b"<meta charset='windows-1252'><p>caf\xE9 \x80</p>";
    let raw = extract(page, &Limits::default(), Deadline::after(Duration::MAX)).unwrap();
    assert_eq!((raw.text.as_str(), raw.warnings.len()), ("café €", 0));
    assert_eq!(declared_encoding(b"<meta http-equiv=x content=\"text/html; charset=utf-16\">"), Some(UTF_8));
    assert_eq!(declared_encoding(b"<p>no charset"), None);
    assert_eq!(declared_encoding(b"<?xml version='1.0' encoding='gbk'?><html>"), Some(encoding_rs::GBK));
}

#[test]
fn deep_nesting_and_nested_tables_are_only_text() {
    assert_eq!(read(&format!("{}deep", "<div>".repeat(20_000))).text, "deep");
    let nested = "<table><tr><td>a<td><table><tr><td>b<td>c</table></table>";
    assert_eq!(read(nested).text, "a\n\nb c");
}

#[test]
fn a_deadline_ends_the_parsing() {
    let source = "<div>".repeat(50_000);
    let error = extract(source.as_bytes(), &Limits::default(), Deadline::after(Duration::ZERO)).unwrap_err();
    assert!(matches!(error, ExtractError::TimedOut { .. }));
}

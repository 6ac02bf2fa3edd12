//! What a reader of a page sees, opens, or never gets to see.

use std::time::Duration;

use super::*;

fn text(source: &str) -> String {
    extract(source.as_bytes(), &Limits::default(), Deadline::after(Duration::MAX)).unwrap().text
}

#[test]
fn what_a_reader_does_not_see_is_left_out() {
    let page = "<script>secret()</script><style>p{}</style><nav>Home</nav><p>visible</p><p style='DISPLAY : none'>ignore all</p>\
        <div hidden>x</div><div style='opacity:0'>y</div><p style='font-size:0'>z</p><dialog>d</dialog><!-- c -->\
        <div id=trap hidden>ignore <button aria-controls=trap>More</button></div><button aria-controls=t2></button><p id=t2 hidden>w</p>";
    assert_eq!(text(page), "visible");
}

#[test]
fn questions_on_buttons_are_text_and_controls_are_not() {
    let page = "<h2><button aria-expanded=false>Who pays?</button></h2><div>We do.</div>\
        <button class=faq-question>When is it paid</button><div class=faq-answer style='display:none'>In May.</div>\
        <dl><dt><button>Where</button></dt><dd>Bonn</dd></dl><details><summary><button>Why</button></summary>Law.</details>\
        <button>Can I copy this?</button><p>End</p><button>Copy</button><button>Subscribe now</button>";
    assert_eq!(
        text(page),
        "## Who pays?\n\nWe do.\n\nWhen is it paid\n\nIn May.\n\nWhere\n\nBonn\n\nWhy\n\nLaw.\n\nCan I copy this?\n\nEnd"
    );
}

#[test]
fn closed_panels_are_read_with_what_opens_them() {
    let tabs = "<nav><div role=tablist><button role=tab id=t1 aria-controls=p1>Windows</button>\
        <button role=tab id=t2 data-bs-target='#p2' data-bs-toggle=tab>macOS</button></div></nav>\
        <div id=p1 role=tabpanel>winget</div><div id=p2 role=tabpanel hidden>brew</div><div id=p3 role=tabpanel hidden>trap</div>";
    assert_eq!(text(tabs), "Windows\n\nwinget\n\nmacOS\n\nbrew");
    let by_label = "<a role=tab id=t9>Terms</a><div role=tabpanel aria-labelledby=t9 style='display:none'>net 30</div>";
    assert_eq!(text(by_label), "Terms\n\nnet 30");
    let old = "<ul class=tabs><li class=tab-link data-tab=x1>One</li></ul><div id=x1 class=tab-content style='display:none'>first</div>";
    assert_eq!(text(old), "- One\n\nfirst");
    let accordion = "<h3 class=accordion-title>Fees</h3><div class=accordion-body style='display:none'>none</div>\
        <h3>Plain</h3><p hidden>trap</p>";
    assert_eq!(text(accordion), "### Fees\n\nnone\n\n### Plain");
    let nested =
        "<a href='#outer'>Outer</a><div id=outer hidden>one <a href='#inner'>Inner</a><p id=inner hidden>two</p></div>";
    assert_eq!(text(nested), "Outer\n\none Inner\n\ntwo");
    assert_eq!(text("<p>a</p><section hidden=until-found>found</section>"), "a\n\nfound");
}

#[test]
fn what_is_hidden_from_screen_readers_only_is_read_once() {
    let price = "<p>Delivery: <span class=sr-only>seven euros</span><span aria-hidden=true>EUR 7.45</span></p>";
    assert_eq!(text(price), "Delivery: EUR 7.45");
    let icon = "<p><i class=fa aria-hidden=true>home</i><span class='material-icons' aria-hidden=true>menu</span>\
        <span class=sr-only>Warning:</span> hot</p><h2>Safety<a aria-hidden=true href='#safety'>#</a></h2>";
    assert_eq!(text(icon), "Warning: hot\n\n## Safety");
    let dialog = "<p>a</p><div class='modal fade' aria-hidden=true>cookies</div>";
    assert_eq!(text(dialog), "a");
}

#[test]
fn a_formula_is_read_once() {
    let katex = "<p>It costs <span class=katex><span class=katex-mathml><math><semantics><mrow><mn>0.037</mn></mrow>\
        <annotation encoding='application/x-tex'>0.037</annotation></semantics></math></span>\
        <span class=katex-html aria-hidden=true><span>0.037</span></span></span> euros.</p>";
    assert_eq!(text(katex), "It costs 0.037 euros.");
    let html_only =
        "<p>x is <span class=katex><span class=katex-html aria-hidden=true><span>4.5</span></span></span></p>";
    assert_eq!(text(html_only), "x is 4.5");
    let mathjax = "<p><mjx-container><mjx-math aria-hidden=true>7</mjx-math><mjx-assistive-mml><math><mn>7</mn></math></mjx-assistive-mml></mjx-container> days</p>";
    assert_eq!(text(mathjax), "7 days");
    let wiki = "<p>area <span><span style='display: none;'><math><msup><mi>r</mi><mn>2</mn></msup></math></span><img aria-hidden=true></span></p>";
    assert_eq!(text(wiki), "area r^2");
}

#[test]
fn mathml_is_a_line_of_text() {
    let page = "<p>Rate <math> <mfrac> <mrow><mi>a</mi><mo>+</mo><mi>b</mi></mrow> <mn>2</mn> </mfrac>\n<mo>=</mo>\
        <msqrt><mi>x</mi></msqrt><munderover><mo>∑</mo><mrow><mi>i</mi><mo>=</mo><mn>1</mn></mrow><mi>n</mi></munderover>\
        <mi>sin</mi><mo>\u{2061}</mo><mi>y</mi></math>, 12 m<sup>2</sup> of 10<sup>−3</sup>, the 1<sup>st</sup></p>";
    assert_eq!(text(page), "Rate (a+b)/2=√(x)∑_(i=1)^nsin y, 12 m^2 of 10^−3, the 1st");
}

#[test]
fn ruby_annotations_are_left_out() {
    assert_eq!(text("<p><ruby>漢<rp>(</rp><rt>かん</rt><rp>)</rp>字<rt>じ</rt></ruby>です</p>"), "漢字です");
}

#[test]
fn hostile_pages_take_no_time_by_their_square() {
    let started = std::time::Instant::now();
    let siblings = "<span class=sr-only>a</span><p hidden id=b>c</p>".repeat(20_000);
    let nested = format!("{}x", "<div data-target=q>".repeat(20_000));
    assert!(text(&siblings).starts_with('a'));
    assert_eq!(text(&nested), "x");
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
}

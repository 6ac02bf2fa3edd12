//! What counts as a term, and as finding it.

use unicode_normalization::UnicodeNormalization;

use super::*;

#[test]
fn finds_words_in_other_forms_but_not_other_words() {
    let terms = Terms::of("How often were releases started in 2019?");
    assert_eq!(terms.count(), 3, "releases started 2019");
    let found = terms.find("A release from 2019 is starting things; Harbor knows");
    assert_eq!((found.terms, found.inflected), (0b111, 0b011));
    assert!(found.number && found.name);
    assert_eq!(terms.find("A stapler about 2018 and relics").terms, 0);
    assert_eq!(terms.numbers, 0b100);
}

#[test]
fn neighbours_in_the_question_are_neighbours_in_the_sentence() {
    let terms = Terms::of("Norman conquest England");
    assert_eq!(terms.find("The Norman conquest of England").pairs, 0b110);
    assert_eq!(terms.find("England saw the conquest").pairs, 0);
}

#[test]
fn german_vietnamese_and_chinese_terms_are_found() {
    assert_eq!(Terms::of("Wie viele Häuser?").find("Das große HÄUSERMEER der Häusern").terms, 1);
    assert_eq!(Terms::of("Thủ đô của Việt Nam là gì?").find("Hà Nội là thủ đô Việt Nam").terms, 0b1111);
    let chinese = Terms::of("黑豹队的防守丢了多少分？");
    assert_eq!(chinese.count(), 4, "黑豹 豹队 防守 守丢; the rest are question words");
    assert_eq!(chinese.find("黑豹队的防守只丢了 308分").terms, 0b0111);
}

#[test]
fn names_with_signs_are_terms_like_in_the_index() {
    let terms = Terms::of("How do we indent C#?");
    assert_eq!(terms.count(), 2, "indent c#");
    assert_eq!(terms.find("Indent C# with two spaces.").terms, 0b11);
    assert_eq!(terms.find("Indent C with tabs, C++ with four spaces.").terms, 0b01);
    assert_eq!(Terms::of("indent C").find("Indent C++").terms, 0b01);

    let terms = Terms::of("What is HB-1187?");
    assert_eq!(terms.count(), 3, "hb 1187 hb-1187");
    assert_eq!((terms.find("The HB–1187.").terms, terms.find("The HB–1187.").inflected), (0b111, 0));
    assert_eq!((terms.find("Our HB1187").terms, terms.find("Our HB1187").inflected), (0b111, 0b111));
    assert_eq!(terms.find("HB 9 came 1187 times").terms, 0b011);
    assert_eq!(Terms::of("nodejs").find("Node.js runs").terms, 1);
    assert_eq!(Terms::of("Node.js").find("It has Node.js").words, 4);
}

#[test]
fn words_without_accents_are_found_like_in_the_index() {
    let terms = Terms::of("thu do Viet Nam");
    let found = terms.find("Hà Nội là thủ đô Việt Nam");
    assert_eq!((found.terms, found.inflected), (0b111, 0b011), "thu viet nam: \"do\" is a stop word");
    let terms = Terms::of("thủ đô");
    assert_eq!((terms.find("thu do").terms, terms.find("thu do").inflected), (0b11, 0b11));
    assert_eq!(terms.find("thú đổ").terms, 0, "other tones are other words");
    assert_eq!(Terms::of("Mueller Strasse").find("Müllers Straße").terms, 0b11);
    let decomposed: String = "thủ đô".nfd().collect();
    assert_eq!(terms.find(&decomposed), terms.find("thủ đô"));
}

#[test]
fn more_than_sixty_four_terms_do_no_harm() {
    let many: Vec<String> = (0..200).map(|i| format!("term{i}x")).collect();
    let terms = Terms::of(&many.join(" "));
    assert_eq!(terms.count(), 64);
    assert_eq!(terms.find(&many.join(" ")).terms, u64::MAX);
    assert_eq!(Terms::of("").find("anything").terms, 0);
}

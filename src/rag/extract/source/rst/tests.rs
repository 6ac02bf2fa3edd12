//! Documents as people write them.

use crate::rag::extract::{Format, Limits, extract_bytes};

fn read(source: &str) -> String {
    extract_bytes(Format::Rst, source.as_bytes(), &Limits::default()).unwrap().text
}

#[test]
fn headings_have_the_level_of_their_signs() {
    let source = "======\nManual\n======\n\nIntro text\nin two lines.\n\nSetup\n-----\n\nUse :ref:`the wizard <wiz>` or ``pip install``,\nsee `docs <https://a.b>`_.\n\nDetails\n~~~~~~~\nx\n\nUsage\n-----\ny";
    assert_eq!(
        read(source),
        "# Manual\n\nIntro text\nin two lines.\n\n## Setup\n\nUse the wizard or `pip install`,\nsee docs (https://a.b).\n\n\
         ### Details\n\nx\n\n## Usage\n\ny"
    );
    let extracted = extract_bytes(Format::Rst, source.as_bytes(), &Limits::default()).unwrap();
    assert_eq!(extracted.title.as_deref(), Some("Manual"));
}

#[test]
fn directives_code_and_lists_are_taken_apart() {
    let source = ".. _target:\n.. comment\n   goes on\n\n.. note:: Mind the gap.\n\n   And the step.\n\nRun::\n\n    $ make\n    $ make install\n\n.. code-block:: rust\n   :linenos:\n\n   fn main() {}\n\n.. image:: a.png\n   :alt: x\n\n* one\n  goes on\n* two\n\n  1. inner\n\n.. [1] A footnote.\n";
    assert_eq!(
        read(source),
        "Note: Mind the gap.\n\nAnd the step.\n\nRun:\n\n```\n$ make\n$ make install\n```\n\n```\nfn main() {}\n```\n\n\
         - one goes on\n- two\n1. inner\n\nA footnote."
    );
}

#[test]
fn tables_of_all_kinds_are_tables() {
    let expected = "| Boat | Berths |\n| --- | --- |\n| Aurora | 12 |\n| Corvus of Kiel | 21 |";
    let simple = "======  ======\nBoat    Berths\n======  ======\nAurora  12\nCorvus  21\n\\       \n======  ======\n";
    assert!(read(simple).starts_with("| Boat | Berths |\n| --- | --- |\n| Aurora | 12 |\n| Corvus | 21 |"));
    let grid = "+--------+--------+\n| Boat   | Berths |\n+========+========+\n| Aurora | 12     |\n+--------+--------+\n| Corvus | 21     |\n| of Kiel|        |\n+--------+--------+\n";
    assert_eq!(read(grid), expected);
    let listed = ".. list-table:: Fleet\n   :header-rows: 1\n\n   * - Boat\n     - Berths\n   * - Aurora\n     - 12\n   * - Corvus\n       of Kiel\n     - 21\n";
    assert_eq!(read(listed), format!("Fleet\n\n{expected}"));
    let values = ".. csv-table::\n   :header: \"Boat\", Berths\n\n   Aurora, 12\n   \"Corvus of Kiel\", 21\n";
    assert_eq!(read(values), expected);
}

//! Gates as test cases, for CI systems that read JUnit's XML.

use quick_xml::{
    Writer,
    events::{BytesText, Event},
};

use crate::bench::result::ResultFile;

/// One test suite: the run itself, and each gate.
pub fn junit(result: &ResultFile) -> String {
    let whole = result.ended == "completed" && result.metrics.successful_requests > 0;
    let mut cases: Vec<(String, Option<String>)> = vec![(
        "the run came to its end".into(),
        (!whole).then(|| {
            let warnings = result.warnings.join(" ");
            format!(
                "{}: {} of {} requests succeeded. {warnings}",
                result.ended, result.metrics.successful_requests, result.metrics.total_requests
            )
        }),
    )];
    cases.extend(result.gates.iter().map(|gate| {
        (gate.gate.clone(), (gate.verdict != "met").then(|| format!("{}: {}", gate.verdict, gate.measured)))
    }));
    let failures = cases.iter().filter(|(_, failure)| failure.is_some()).count();
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    let seconds = result.metrics.duration_seconds.to_string();
    // Writing to memory does not fail.
    let _ = writer
        .create_element("testsuites")
        .with_attributes([
            ("tests", cases.len().to_string().as_str()),
            ("failures", &failures.to_string()),
            ("time", &seconds),
        ])
        .write_inner_content(|writer| {
            writer
                .create_element("testsuite")
                .with_attributes([
                    ("name", result.test_info.test_name.as_str()),
                    ("tests", &cases.len().to_string()),
                    ("failures", &failures.to_string()),
                    ("timestamp", &result.metrics.timestamp),
                    ("time", &seconds),
                ])
                .write_inner_content(|writer| {
                    for (name, failure) in &cases {
                        let case = writer
                            .create_element("testcase")
                            .with_attributes([("classname", "ragctl.bench"), ("name", name.as_str())]);
                        match failure {
                            None => drop(case.write_empty()?),
                            Some(message) => drop(case.write_inner_content(|writer| {
                                writer
                                    .create_element("failure")
                                    .with_attribute(("message", message.as_str()))
                                    .write_text_content(BytesText::new(message))?;
                                Ok(())
                            })?),
                        }
                    }
                    Ok(())
                })?;
            Ok(())
        });
    let _ = writer.write_event(Event::Text(BytesText::new("\n")));
    let xml = String::from_utf8(writer.into_inner()).unwrap_or_default();
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{xml}")
}

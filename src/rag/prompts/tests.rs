//! Built-in prompts and folders that replace them.

use super::*;

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    files.iter().for_each(|(name, text)| fs::write(folder.path().join(name), text).unwrap());
    folder
}

#[test]
fn every_built_in_prompt_is_whole_and_asks_for_the_language_of_the_question() {
    for BuiltIn { task, language, file, text } in BUILT_IN {
        let template = read(text, *task, file.into()).unwrap();
        assert!(template.instruction.chars().count() > 200, "{file}");
        assert!(file.contains(&format!(".{language}.")), "{file}");
    }
    let of_answers = |prompt: &&BuiltIn| prompt.task == PromptTask::Answer;
    assert!(BUILT_IN.iter().filter(of_answers).all(|prompt| prompt.text.contains("[2][3]")));
}

#[test]
fn the_prompt_has_the_language_of_the_question() {
    let prompts = Prompts::default();
    let begins = |question: &str, beginning: &str| {
        let said = prompts.of(PromptTask::Answer, question).fill(&[(Placeholder::Question, question)]);
        assert!(said.starts_with(beginning), "{question}: {said}");
    };
    begins("How long are snapshots kept by the harbor project?", "Question: How");
    begins("Wie lange werden die Sicherungen aufbewahrt?", "Frage: Wie");
    begins("Dự án Harbor lưu bản sao lưu bao lâu?", "Câu hỏi: Dự");
    begins("备份保留多长时间？", "Question: 备份");
    begins("??", "Question: ??");
}

#[test]
fn a_folder_replaces_prompts_and_changes_the_version() {
    let own = "Be brief.\n---\nQ: {question} {other}\n{contexts}\n";
    let folder = folder(&[("answer.en.txt", own), (".gitkeep", "")]);
    let prompts = Prompts::load(folder.path()).unwrap();
    assert_ne!(prompts.version(), Prompts::default().version());
    let english = prompts.of(PromptTask::Answer, "How long are the snapshots kept?");
    assert_eq!(english.instruction, "Be brief.");
    let values = [(Placeholder::Question, "a {contexts} b"), (Placeholder::Contexts, "c")];
    assert_eq!(english.fill(&values), "Q: a {contexts} b {other}\nc", "a question fills no place");
    let german = "Wie lange werden die Sicherungen aufbewahrt?";
    assert_eq!(prompts.of(PromptTask::Answer, german), Prompts::default().of(PromptTask::Answer, german));
    let empty = tempfile::tempdir().unwrap();
    assert_eq!(Prompts::load(empty.path()).unwrap().version(), Prompts::default().version());
}

#[test]
fn what_is_wrong_with_a_folder_is_said() {
    for (name, text, says) in [
        ("answer.fr.txt", "x\n---\n{question}{contexts}", "answer.fr.txt is no prompt"),
        ("answer.en.txt", "no line\n{question}{contexts}", "must have a line ---"),
        ("answer.en.txt", "{contexts}\n---\n{question}", "lacks {contexts}"),
        ("condense.de.txt", "x\n---\n{question}", "lacks {history}"),
    ] {
        let error = Prompts::load(folder(&[(name, text)]).path()).unwrap_err().to_string();
        assert!(error.contains(says) && error.contains(name), "{error}");
    }
    let long = "x".repeat(MOST_BYTES + 1);
    assert!(matches!(Prompts::load(folder(&[("answer.vi.txt", &long)]).path()), Err(PromptError::TooLong { .. })));
    let missing = Prompts::load(Path::new("/does/not/exist")).unwrap_err().to_string();
    assert!(missing.contains("/does/not/exist") && missing.contains("--prompts"), "{missing}");
    let bytes = tempfile::tempdir().unwrap();
    fs::write(bytes.path().join("answer.en.txt"), [0xff, 0xfe]).unwrap();
    assert!(matches!(Prompts::load(bytes.path()), Err(PromptError::Unreadable { .. })));
}

//! Papers as people write them.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use crate::rag::extract::{Format, Limits, extract_bytes};

fn read(source: &str) -> String {
    extract_bytes(Format::Tex, source.as_bytes(), &Limits::default()).unwrap().text
}

#[test]
fn a_paper_gives_headings_lists_tables_and_formulas() {
    let source = r#"\documentclass[a4paper]{article}
\usepackage{graphicx} % for pictures
\newcommand{\boat}[1]{\textbf{#1}}
\title[Short]{Harbours \& \emph{boats}}
\author{M. Okafor}
\begin{document}
\maketitle
\section{Caf\'e and M\"uller\label{sec:a}}
The \textbf{Aurora}~sails % not shown
at 14--16 knots, ``fast'' by any \href{https://a.b}{measure}\footnote{Since 2013.}, 50\,\% more~\cite[p.~3]{okafor}.

Energy is $E = mc^2$ and
\begin{equation}\label{eq}
a \leq b
\end{equation}
\subsection*{Steps}
\begin{enumerate}[label=(\alph*)]
  \item Cast off
  \begin{itemize}
    \item bow line
  \end{itemize}
  \item Radio on
\end{enumerate}
\begin{table}[ht]
\caption{Fees of 2025}
\begin{tabular}{l|r}
\hline
Boat & Fee \\ \hline
up to 8 m & 21 \euro \\[2pt]
\multicolumn{2}{c}{free \& fair} \\
\end{tabular}
\end{table}
\begin{lstlisting}[language=C]
int main() { return 100 % 7; }
\end{lstlisting}
\end{document}
never shown"#;
    assert_eq!(
        read(source),
        "# Harbours & boats\n\n## Café and Müller\n\n\
         The Aurora sails at 14–16 knots, “fast” by any measure (https://a.b) (Since 2013.), 50 % more [okafor].\n\n\
         Energy is $E = mc^2$ and\n\n\\label{eq}\na \\leq b\n\n### Steps\n\n1. Cast off\n  - bow line\n2. Radio on\n\n\
         Fees of 2025\n\n| Boat | Fee |\n| --- | --- |\n| up to 8 m | 21 € |\n| free & fair |\n\n\
         ```\nint main() { return 100 % 7; }\n```"
    );
}

#[test]
fn tables_over_pages_have_one_head() {
    let source = r"\begin{longtable}[]{@{}ll@{}}
\caption{Boats of \texorpdfstring{Kiel}{x}}\tabularnewline
\toprule
\begin{minipage}[b]{0.3\linewidth}Boat\\ name\end{minipage} & Berths \\
\midrule\endfirsthead
\toprule Boat & Berths \\ \midrule\endhead
Aurora & {12 \\ or 13} \tabularnewline
\foreignlanguage{german}{Möwe} & 10\^{}3 \textgreater{} 5 \\
\bottomrule
\end{longtable}";
    assert_eq!(
        read(source),
        "Boats of Kiel\n\n| Boat name | Berths |\n| --- | --- |\n| Aurora | 12 or 13 |\n| Möwe | 10^3 > 5 |"
    );
}

#[test]
fn what_never_ends_and_deep_nesting_lose_nothing() {
    assert!(read("\\begin{lstlisting}\nword").contains("word"));
    assert!(read("\\section{word").contains("word"));
    assert!(read("a $ word").contains("word"));
    let deep = format!("{}word{}", "\\footnote{".repeat(5_000), "}".repeat(5_000));
    assert!(read(&deep).contains("word"));
    let deep = format!("{}word{}", "{".repeat(100_000), "}".repeat(100_000));
    assert_eq!(read(&deep), "word");
}

#[test]
fn what_never_ends_takes_no_time_without_end() {
    for piece in [
        "\\section{",
        "\\url[",
        "\\begin{tabular}",
        "\\begin{lstlisting}",
        "\\footnote{",
        "\\href{a}{",
        "\\(",
        "$$",
        "\\verb|",
    ] {
        let started = Instant::now();
        for source in [piece.repeat(20_000), format!("\\section{{{}}}", piece.replace('{', "\\{").repeat(20_000))] {
            let _ = extract_bytes(Format::Tex, source.as_bytes(), &Limits::default());
        }
        assert!(started.elapsed() < Duration::from_secs(15), "{piece}: {:?}", started.elapsed());
    }
}

proptest! {
    #[test]
    fn any_source_is_read(source in "(\\\\(begin|end|item|footnote|section|verb|title|cite|[a-z\"'^])|[{}\\[\\]$&%~a-z \n\\\\*]|\\{tabular\\}|\\{lstlisting\\}|é){0,30}") {
        let _ = extract_bytes(Format::Tex, source.as_bytes(), &Limits::default());
    }
}

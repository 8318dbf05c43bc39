//! Macros that stand bare, as `FMT_BEGIN_NAMESPACE` on a line of its own or the second word of
//! `class FMT_API file {`: no grammar knows what they stand for, and takes what follows for
//! something else. The grammar is given blanks in their place.

/// The text with these blank, byte for byte as long; None where there are none.
pub(super) fn without_bare(text: &str) -> Option<String> {
    let mut lines = text
        .split_inclusive('\n')
        .scan(0, |start, whole| {
            let at = *start;
            *start += whole.len();
            Some((at, code_of(whole)))
        })
        .filter(|(_, line)| !line.is_empty())
        .peekable();
    let mut bare = Vec::new();
    let mut before = "";
    while let Some((start, line)) = lines.next() {
        let after = lines.peek().map_or("", |(_, line)| *line);
        if is_macro(line) && may_stand(before, line, after) {
            bare.push((start, line));
            continue;
        }
        if let Some(name) = between(line) {
            bare.push((start, name));
        }
        before = line;
    }
    if bare.is_empty() {
        return None;
    }
    let mut readable = String::with_capacity(text.len());
    for (start, line) in bare {
        let at = start + text[start..].find(line)?;
        readable.push_str(&text[readable.len()..at]);
        readable.extend(std::iter::repeat_n(' ', line.len()));
    }
    readable.push_str(&text[readable.len()..]);
    Some(readable)
}

/// A line without the blanks around it and the comment at its end.
fn code_of(line: &str) -> &str {
    let code = match line.find("//") {
        Some(0) | None => line,
        Some(at) => &line[..at],
    };
    code.trim()
}

/// `FMT_BEGIN_NAMESPACE`, or `Q_DECLARE_METATYPE(Point)` without a semicolon.
fn is_macro(line: &str) -> bool {
    // `JSON_PRIVATE_UNLESS_TESTED:` in a class, or a label.
    let line = line.strip_suffix(':').unwrap_or(line);
    let (name, arguments) = line.split_at(line.find('(').unwrap_or(line.len()));
    let name = name.trim_end();
    let is_letter = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    name.contains('_')
        && name.starts_with(|letter: char| !letter.is_ascii_digit())
        && name.bytes().any(|byte| byte.is_ascii_uppercase())
        && name.bytes().all(is_letter)
        && (arguments.is_empty() || closes(arguments))
}

/// Of `class FMT_API file : base {`, the macro.
fn between(line: &str) -> Option<&str> {
    let after = ["class ", "struct ", "union "]
        .iter()
        .find_map(|word| line.strip_prefix(word))?;
    let (name, rest) = after.trim_start().split_once(' ')?;
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    let rest = rest.trim_start();
    let tail = rest.trim_start_matches(is_word).trim_start();
    let declares =
        tail.is_empty() || tail.starts_with(['{', ':', '<']) || tail.starts_with("final");
    (is_macro(name) && rest.len() > tail.len() && declares).then_some(name)
}

/// The bracket at the beginning ends at the end.
fn closes(arguments: &str) -> bool {
    let mut depth = 0_usize;
    for (at, byte) in arguments.bytes().enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return at + 1 == arguments.len();
        }
    }
    false
}

/// Between these two lines no expression and no list goes on, and nothing begins with the macro.
fn may_stand(before: &str, line: &str, after: &str) -> bool {
    let is_over = before.is_empty()
        || (before.starts_with(['#', '/', '*']) && !before.ends_with('\\'))
        || before.ends_with([';', '{', '}', '>', ')', ':'])
        || ["const", "noexcept", "override", "final"]
            .iter()
            .any(|word| before.ends_with(word));
    let goes_on = [
        "=", ",", ";", ")", "(", "+", "-", "|", "&", "?", ".", "<", "[", "%", "^",
    ];
    let is_only_member = before.ends_with('{') && after.starts_with('}');
    let is_head =
        after.starts_with('{') && (line.ends_with(')') || before.ends_with([';', '{', '}', ':']));
    is_over && !is_only_member && !is_head && !goes_on.iter().any(|sign| after.starts_with(sign))
}

#[cfg(test)]
mod tests {
    use super::without_bare;

    #[track_caller]
    fn blank(text: &str, macros: &[&str]) {
        let mut expected = text.to_owned();
        for name in macros {
            expected = expected.replacen(name, &" ".repeat(name.len()), 1);
        }
        let readable = without_bare(text).unwrap_or_else(|| text.to_owned());
        assert_eq!(readable, expected);
    }

    #[test]
    fn macros_on_lines_of_their_own_are_blank() {
        blank(
            "#include <a>\nFMT_BEGIN_NAMESPACE // of fmt\n\nclass A {\r\n  Q_OBJECT_X\r\n public:\n};\nFMT_END_NAMESPACE\n",
            &["FMT_BEGIN_NAMESPACE", "Q_OBJECT_X", "FMT_END_NAMESPACE"],
        );
        blank(
            "template <typename T>\nFMT_CONSTEXPR\nint a();\nint b();\nQ_DECLARE_TYPE(A<int, (1)>)\nint c();",
            &["FMT_CONSTEXPR", "Q_DECLARE_TYPE(A<int, (1)>)"],
        );
        blank("int f(int x)\nNO_EXCEPT\n{ }\n", &["NO_EXCEPT"]);
        blank(
            "class A {\n  PRIVATE_BUT_TESTED:\n int a;\n};\n",
            &["PRIVATE_BUT_TESTED:"],
        );
    }

    #[test]
    fn a_macro_between_a_class_and_its_name_is_blank() {
        blank("class FMT_API file : base {\n};\n", &["FMT_API"]);
        blank("struct MY_EXPORT Point\n{\n};\n", &["MY_EXPORT"]);
        blank("struct MY_POINT point;\n", &[]);
        blank("struct MY_POINT origin = {0};\n", &[]);
        blank("struct MY_POINT {\n};\n", &[]);
    }

    #[test]
    fn what_goes_on_is_left() {
        for text in [
            "int x = A_B |\n  C_D\n  ;\n",
            "enum { FIRST,\n  ONLY_LAST\n};\n",
            "enum {\n  ONLY_ONE\n};\n",
            "#define A_B \\\n  C_D\nint x;\n",
            "int a;\nTEST_F(Shop, sells)\n{\n}\n",
            "int a;\nMY_TYPE\n  = 1;\n",
            "int a;\nUPPER\nint b;\n",
            "a;\nA_B(x);\n",
            "größe;\nA_B",
            "",
        ] {
            let kept = text.ends_with("A_B");
            assert_eq!(without_bare(text).is_none(), !kept, "{text}");
        }
    }
}

//! A page as Markdown.

use std::rc::Rc;

use htmd::{HtmlToMarkdown, Node};

/// What a page may nest: deeper ones would overflow the stack of the conversion.
const MAX_DEPTH: usize = 256;

/// Elements that may be open at once.
const MAX_OPEN: usize = 1_000;

/// Markdown of a page, without scripts, styles and images' data. A page that nests absurdly deep
/// gives its bare text.
pub(crate) fn to_markdown(html: &str) -> String {
    if nests_absurdly(html) {
        return bare_text(html);
    }
    let converter = HtmlToMarkdown::builder()
        .skip_tags(vec![
            "script", "style", "noscript", "template", "svg", "iframe", "canvas", "head",
        ])
        .build();
    let Ok(tree) = converter.html_to_tree(html) else {
        return bare_text(html);
    };
    if depth(&tree) > MAX_DEPTH {
        return bare_text(html);
    }
    tidy(&converter.tree_to_markdown(&tree))
}

/// Building a tree of very many open elements takes time that grows with their square, so they
/// are counted first. Elements that need no end, or rarely get one, do not count.
fn nests_absurdly(html: &str) -> bool {
    const UNCOUNTED: [&str; 26] = [
        "area", "base", "br", "col", "dd", "dt", "embed", "hr", "img", "input", "li", "link",
        "meta", "optgroup", "option", "p", "param", "source", "tbody", "td", "tfoot", "th",
        "thead", "tr", "track", "wbr",
    ];
    let mut open: usize = 0;
    for rest in html.split('<').skip(1) {
        let (closes, rest) = match rest.strip_prefix('/') {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        let name = rest
            .split(|c: char| !c.is_ascii_alphanumeric())
            .next()
            .unwrap_or_default();
        let counts = name.starts_with(|c: char| c.is_ascii_alphabetic())
            && !UNCOUNTED.iter().any(|one| one.eq_ignore_ascii_case(name));
        match (counts, closes) {
            (true, true) => open = open.saturating_sub(1),
            (true, false) => open += 1,
            (false, _) => {}
        }
        if open > MAX_OPEN {
            return true;
        }
    }
    false
}

fn depth(root: &Rc<Node>) -> usize {
    let mut open = vec![(root.clone(), 1)];
    let mut deepest = 0;
    while let Some((node, depth)) = open.pop() {
        deepest = deepest.max(depth);
        open.extend(
            node.children
                .borrow()
                .iter()
                .map(|child| (child.clone(), depth + 1)),
        );
    }
    deepest
}

/// Tags out, blanks together.
pub(super) fn bare_text(html: &str) -> String {
    let mut text = String::with_capacity(html.len() / 2);
    let mut in_tag = false;
    for character in html.chars() {
        match character {
            '<' => in_tag = true,
            '>' if in_tag => {
                in_tag = false;
                text.push(' ');
            }
            other if !in_tag => text.push(other),
            _ => {}
        }
    }
    tidy(&text)
}

/// At most one blank line in a row, no blanks at line ends.
fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut blank_lines = 1;
    for line in text.lines().map(str::trim_end) {
        blank_lines = if line.trim().is_empty() {
            blank_lines + 1
        } else {
            0
        };
        if blank_lines < 2 {
            out.push_str(line);
            out.push('\n');
        }
    }
    out.truncate(out.trim_end().len());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_become_markdown() {
        let html = "<html><head><title>T</title><style>x{}</style></head><body><h1>Title</h1>\
                    <p>One <b>two</b> <a href=\"/x\">three</a></p><script>alert(1)</script>\
                    <ul><li>a</li><li>b</li></ul><pre><code>let x = 1;\n</code></pre></body></html>";
        let markdown = to_markdown(html);
        for part in ["# Title", "**two**", "[three](/x)", "let x = 1;", "a\n"] {
            assert!(markdown.contains(part), "{part}: {markdown}");
        }
        assert!(
            !markdown.contains("alert") && !markdown.contains("x{}"),
            "{markdown}"
        );
    }

    #[test]
    fn absurd_nesting_gives_text() {
        for tag in ["<div>", "<b>", "<blockquote>", "<ul><li>"] {
            let html = format!("{}deep down", tag.repeat(20_000));
            assert!(to_markdown(&html).ends_with("deep down"), "{tag}");
        }
    }
}

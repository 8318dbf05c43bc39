//! The parts of a chain: `self.items()[0].cart`.

/// A part of a chain: its name, and whether it is called or indexed.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Part {
    pub name: String,
    pub is_call: bool,
    pub is_indexed: bool,
}

/// `self.items()[0].cart` → `self`, `items()[]`, `cart`. What is inside brackets is left out.
pub(super) fn split(text: &str) -> Vec<Part> {
    let mut parts: Vec<Part> = vec![Part::default()];
    let mut open: Vec<char> = Vec::new();
    let mut before = ' ';
    for letter in text.chars() {
        let last = std::mem::replace(&mut before, letter);
        match letter {
            '(' | '[' | '{' if open.is_empty() => {
                open.push(letter);
                if let Some(part) = parts.last_mut() {
                    part.is_call |= letter == '(' && !part.name.is_empty();
                    part.is_indexed |= letter == '[';
                }
            }
            '(' | '[' | '{' => open.push(letter),
            // Among arguments these compare, and point.
            '<' if open.iter().all(|one| *one == '<') => open.push(letter),
            '>' if open.last() == Some(&'<') && !matches!(last, '-' | '=') => {
                open.pop();
            }
            ')' | ']' | '}' => while open.pop() == Some('<') {},
            _ if !open.is_empty() => {}
            '.' | ':' | '?' | '!' | '-' | '*' | '&' | '\\' => {
                if parts.last().is_some_and(|part| !part.name.is_empty()) {
                    parts.push(Part::default());
                }
            }
            letter if letter.is_whitespace() => {
                // `await x`, `new Cart`, `&mut x`: the word before says nothing of the type.
                if let Some(part) = parts.last_mut()
                    && matches!(
                        part.name.as_str(),
                        "await" | "new" | "mut" | "ref" | "typeof"
                    )
                {
                    part.name.clear();
                }
            }
            letter => {
                if let Some(part) = parts.last_mut() {
                    part.name.push(letter);
                }
            }
        }
    }
    parts.retain(|part| !part.name.is_empty());
    parts
}

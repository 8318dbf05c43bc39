//! What makes a function hard to follow.

use tree_sitter::{Node, TreeCursor};

use super::{Frame, Walk, last_line};
use crate::rules::{Role, at};

impl<'t> Walk<'_, 't> {
    /// What makes a function hard to follow.
    pub(super) fn weigh(
        &mut self,
        role: &'static Role,
        node: Node<'t>,
        cursor: &TreeCursor<'t>,
        above: Option<&Frame<'t>>,
        frame: &mut Frame<'t>,
    ) {
        let claimed = self.claimed.contains(&node.id());
        if matches!(role, Role::Closure) {
            frame.is_closure = true;
            self.closures.push(last_line(node));
        }
        let Some(scope) = self.scopes.last_mut() else {
            return;
        };
        let weight = 1 + scope.nesting;
        match role {
            Role::Branch => {
                scope.cyclomatic += 1;
                // `else if`: the `else` has been counted.
                let continues =
                    above.is_some_and(|above| above.is_else || is_alternative(cursor, above));
                scope.cognitive += if continues { 0 } else { weight };
                frame.nests = u32::from(!continues);
                frame.is_branch = true;
            }
            Role::ElseIf => {
                scope.cyclomatic += 1;
                scope.cognitive += 1;
            }
            Role::Ternary => {
                scope.cyclomatic += 1;
                scope.cognitive += weight;
                frame.nests = 1;
            }
            Role::Else => {
                scope.cognitive += 1;
                frame.is_else = true;
            }
            Role::Switch | Role::Match => {
                scope.cyclomatic -= i64::from(matches!(role, Role::Match));
                scope.cognitive += weight;
                frame.nests = 1;
            }
            Role::Case(what) => scope.cyclomatic += i64::from(at(node, what).is_some()),
            Role::Chain(place, operators) => {
                let operator = match at(node, place) {
                    Some(operator) => self.text.get(operator.byte_range()).unwrap_or_default(),
                    None => node.kind(),
                };
                let number = operators.iter().position(|one| *one == operator);
                let Some(number) = number else { return };
                scope.cyclomatic += 1;
                frame.chain = number + 1;
                scope.cognitive += u32::from(above.is_none_or(|a| a.chain != frame.chain));
            }
            Role::Jump => scope.cognitive += 1,
            Role::Closure => frame.nests = u32::from(!claimed),
            _ => {}
        }
        scope.nesting += frame.nests;
    }

    /// The other side of an `if` whose `else` is no node of its own.
    pub(super) fn otherwise(&mut self, roles: &[&'static Role]) {
        let counts_itself = |role: &&Role| matches!(role, Role::Else | Role::ElseIf);
        if let Some(scope) = self.scopes.last_mut()
            && !roles.iter().any(counts_itself)
        {
            scope.cognitive += 1;
        }
    }
}

/// The node is what an `if` does otherwise.
pub(super) fn is_alternative(cursor: &TreeCursor<'_>, above: &Frame<'_>) -> bool {
    above.is_branch && (above.saw_else || cursor.field_name() == Some("alternative"))
}

//! Which paths .gitignore files hide.

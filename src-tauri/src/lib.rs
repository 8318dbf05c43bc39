//! The desktop shell: window, native dialogs, keychain. It hosts the engine and holds no product logic.

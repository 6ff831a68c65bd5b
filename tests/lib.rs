//! Shared fixtures of the test suites.

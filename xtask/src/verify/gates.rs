//! The gates: each proves one thing of a question, and each has a file.
//!
//! 1 `uniform`, 2 `starter`, 3 `solution`, 4 `wrong_answers`, 5 `rounds`, 6 `lists`, 7 `handout`.
//! Gates 1 and 6 only read. The others run programs, with what `bench` gives them.

pub(super) mod handout;
pub(super) mod lists;
pub(super) mod rounds;
pub(super) mod solution;
pub(super) mod starter;
pub(super) mod uniform;
pub(super) mod wrong_answers;

//! From nothing to a chain that signs, step by step, and again from wherever it was cut.
//!
//! | module | holds |
//! | --- | --- |
//! | `plan` | what comes next, as a value |
//! | `answers`, `question` | what a person is asked, and what may be answered |
//! | `run` | what each step does |
//! | `begun` | what a run that was cut leaves |
//! | `host` | the files of the system |
//! | `written` | the configuration |
//! | `pages` | the device's question, page by page |
//! | `margin` | which part of the chain's pace signing takes |
//! | `result` | what a node needs to be told |

pub(crate) mod answers;
mod begun;
pub(crate) mod host;
mod margin;
pub(crate) mod pages;
pub(crate) mod plan;
pub(crate) mod question;
pub(crate) mod result;
pub(crate) mod run;
mod written;

pub(crate) use answers::Answers;
pub(crate) use plan::Step;
pub(crate) use question::Question;
pub(crate) use result::SetUp;
pub(crate) use run::Run;

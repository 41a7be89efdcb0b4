//! Step errors: what can go wrong while a step runs. They are values of a run, found in its trace, never
//! errors of the program.

use crate::flow::finding::Position;

/// The codes of step errors and of ends that no handler is asked about.
pub mod code {
    pub const EXPR_UNDEFINED: &str = "EXPR_UNDEFINED";
    pub const EXPR_TYPE: &str = "EXPR_TYPE";
    pub const EXPR_LIMIT: &str = "EXPR_LIMIT";
    pub const NUMBER_RANGE: &str = "NUMBER_RANGE";
    pub const TYPE_MISMATCH: &str = "TYPE_MISMATCH";
    pub const STATE_LIMIT: &str = "STATE_LIMIT";
    pub const MESSAGE_LIMIT: &str = "MESSAGE_LIMIT";
    pub const EMPTY_MESSAGE: &str = "EMPTY_MESSAGE";
    pub const INVALID_MESSAGE: &str = "INVALID_MESSAGE";
    pub const EMPTY_OPTIONS: &str = "EMPTY_OPTIONS";
    pub const RETRIES_EXHAUSTED: &str = "RETRIES_EXHAUSTED";
    pub const HTTP_URL: &str = "HTTP_URL";
    pub const HTTP_HEADER: &str = "HTTP_HEADER";
    pub const HTTP_SECRET: &str = "HTTP_SECRET";
    pub const HTTP_STATUS: &str = "HTTP_STATUS";
    pub const HTTP_TIMEOUT: &str = "HTTP_TIMEOUT";
    pub const HTTP_NETWORK: &str = "HTTP_NETWORK";
    pub const HTTP_BODY: &str = "HTTP_BODY";
    pub const ACTION_FAILED: &str = "ACTION_FAILED";
    pub const SUBFLOW_FAILED: &str = "SUBFLOW_FAILED";
    pub const FLOW_UNRESOLVED: &str = "FLOW_UNRESOLVED";
    pub const BAD_FLOW_MAPPING: &str = "BAD_FLOW_MAPPING";
    pub const RECURSION: &str = "RECURSION";
    pub const CALL_DEPTH: &str = "CALL_DEPTH";
    pub const NOTHING_TO_RESUME: &str = "NOTHING_TO_RESUME";
    pub const MOCK_MISSING: &str = "MOCK_MISSING";
    pub const LOOP_WITHOUT_INPUT: &str = "LOOP_WITHOUT_INPUT";
    pub const STEP_BUDGET: &str = "STEP_BUDGET";
    pub const FUEL_BUDGET: &str = "FUEL_BUDGET";
    pub const TRACE_LIMIT: &str = "TRACE_LIMIT";
}

/// What went wrong, and where in the document. Without a pointer it is the step itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepError {
    pub code: &'static str,
    pub message: String,
    pub pointer: Option<Box<str>>,
    pub position: Option<Position>,
}

impl StepError {
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), pointer: None, position: None }
    }

    /// Says where, unless a narrower place is known already.
    pub fn or_at(mut self, pointer: &str) -> Self {
        self.pointer.get_or_insert_with(|| pointer.into());
        self
    }

    /// Whether the run ends here, whatever handlers the flow declares.
    pub fn is_final(&self) -> bool {
        self.exhausts_a_budget()
            || matches!(self.code, code::LOOP_WITHOUT_INPUT | code::MOCK_MISSING | code::CALL_DEPTH)
    }

    /// Whether a budget of the whole run is used up.
    pub fn exhausts_a_budget(&self) -> bool {
        matches!(self.code, code::STEP_BUDGET | code::FUEL_BUDGET | code::TRACE_LIMIT)
    }
}

/// An error as the trace shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorEntry<'a> {
    pub code: &'static str,
    /// The called flow that owns the step; absent for the flow of the run.
    pub flow_id: Option<&'a str>,
    pub message: String,
    pub pointer: Box<str>,
    pub position: Option<Position>,
    pub step_id: &'a str,
}

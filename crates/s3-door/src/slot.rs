use std::sync::Arc;

use http::StatusCode;
use mastic_core::Fault;
use mastic_kernel::{Call, Ctx};
use parking_lot::Mutex;

/// What is known of one request on its way through s3s; it travels in the request's extensions.
#[derive(Clone)]
pub(crate) struct Slot(Arc<Mutex<State>>);

struct State {
    call: Call,
    operation: String,
    input: Option<String>,
    ctx: Option<Ctx>,
    fault: Option<Fault>,
    status: Option<StatusCode>,
}

/// What the request has come to.
pub(crate) struct Course {
    pub(crate) call: Call,
    pub(crate) operation: String,
    pub(crate) input: Option<String>,
    /// Of a call that got as far as the authorizer.
    pub(crate) ctx: Option<Ctx>,
    /// What was answered, unless s3s itself refused.
    pub(crate) fault: Option<Fault>,
    /// An HTTP status other than the operation's usual one.
    pub(crate) status: Option<StatusCode>,
}

impl Slot {
    /// A request of which only method and place are known.
    pub(crate) fn new(call: Call, operation: String) -> Self {
        let state = State { call, operation, input: None, ctx: None, fault: None, status: None };
        Self(Arc::new(Mutex::new(state)))
    }

    pub(crate) fn call(&self) -> Call {
        self.0.lock().call.clone()
    }

    pub(crate) fn operation(&self, name: &str, input: Option<String>) {
        let mut state = self.0.lock();
        state.operation = name.to_owned();
        state.input = input;
    }

    pub(crate) fn admit(&self, ctx: Ctx) {
        self.0.lock().ctx = Some(ctx);
    }

    pub(crate) fn ctx(&self) -> Option<Ctx> {
        self.0.lock().ctx.clone()
    }

    pub(crate) fn fail(&self, fault: Fault) {
        self.0.lock().fault = Some(fault);
    }

    pub(crate) fn status(&self, status: StatusCode) {
        self.0.lock().status = Some(status);
    }

    pub(crate) fn course(&self) -> Course {
        let state = self.0.lock();
        Course {
            call: state.call.clone(),
            operation: state.operation.clone(),
            input: state.input.clone(),
            ctx: state.ctx.clone(),
            fault: state.fault.clone(),
            status: state.status,
        }
    }
}

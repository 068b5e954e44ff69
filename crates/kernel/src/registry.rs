use std::collections::HashMap;
use std::sync::Arc;

use futures::future::BoxFuture;
use mastic_core::Fault;
use mastic_shape::{Op, Operation, Service, Shape, Value};

use crate::{Access, Call, Ctx, Kernel, kept};

/// What an operation's access requirement may look at besides its input.
pub type AccessOf<I> = fn(&Call, &I) -> Result<Access, Fault>;

/// Every served operation with its access requirement and handler.
#[derive(Default)]
pub struct Registry {
    services: Vec<&'static Service>,
    entries: HashMap<(&'static str, &'static str), Arc<dyn Handler>>,
}

trait Handler: Send + Sync {
    fn serve<'a>(
        &'a self,
        kernel: &'a Kernel,
        call: Call,
        input: Value,
    ) -> BoxFuture<'a, Result<Value, Fault>>;
}

struct Entry<O: Op, F> {
    access: AccessOf<O::Input>,
    run: F,
}

impl Registry {
    /// A registry without operations.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes a service known, with all operations of its model.
    pub fn service(&mut self, service: &'static Service) {
        self.services.push(service);
    }

    /// Registers an operation: its access requirement, made from the call and the input, and its
    /// handler. There is no way to register one without the other.
    pub fn on<O, F, R>(&mut self, access: AccessOf<O::Input>, run: F)
    where
        O: Op + Send + Sync,
        F: Fn(Ctx, O::Input) -> R + Send + Sync + 'static,
        R: Future<Output = Result<O::Output, Fault>> + Send + 'static,
    {
        let entry = Entry::<O, F> { access, run };
        self.entries.insert((O::service().id, O::operation().name), Arc::new(entry));
    }

    /// As [`Registry::on`], of a handler that makes the answer as a value: large ones keep once what their parts have
    /// in common ([`Value::Shared`]).
    pub fn on_value<O, F, R>(&mut self, access: AccessOf<O::Input>, run: F)
    where
        O: Op + Send + Sync,
        F: Fn(Ctx, O::Input) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Value, Fault>> + Send + 'static,
    {
        let entry = Entry::<O, F> { access, run };
        self.entries.insert((O::service().id, O::operation().name), Arc::new(entry));
    }

    /// The services known here.
    #[must_use]
    pub fn services(&self) -> &[&'static Service] {
        &self.services
    }

    /// Whether a handler is registered.
    #[must_use]
    pub fn serves(&self, service: &Service, operation: &Operation) -> bool {
        self.entries.contains_key(&(service.id, operation.name))
    }

    /// Serves a call whose input satisfies the model's constraints: decides, runs the handler, and
    /// writes the audit record.
    ///
    /// # Errors
    /// The denial, what the handler answers, or that the operation is not implemented.
    pub async fn serve(
        &self,
        kernel: &Kernel,
        service: &'static Service,
        operation: &'static Operation,
        call: Call,
        input: Value,
    ) -> Result<Value, Fault> {
        match self.entries.get(&(service.id, operation.name)) {
            Some(handler) => handler.serve(kernel, call, input).await,
            None => {
                let fault = not_implemented(service, operation);
                kernel.audit_refused(&call, service.id, operation.name, &fault).await;
                Err(fault)
            }
        }
    }
}

fn not_implemented(service: &Service, operation: &Operation) -> Fault {
    Fault::sender(
        "NotImplemented",
        format!(
            "Mastic does not implement {} of {} yet. See docs/differences.md.",
            operation.name, service.id
        ),
    )
    .with_status(501)
}

impl<O, F, R, A> Handler for Entry<O, F>
where
    O: Op + Send + Sync,
    F: Fn(Ctx, O::Input) -> R + Send + Sync + 'static,
    R: Future<Output = Result<A, Fault>> + Send + 'static,
    A: Shape,
{
    fn serve<'a>(
        &'a self,
        kernel: &'a Kernel,
        call: Call,
        input: Value,
    ) -> BoxFuture<'a, Result<Value, Fault>> {
        Box::pin(async move {
            let (service, operation) = (O::service().id, O::operation());
            let shown = operation.shapes.and_then(|(schema, _)| kept::input(&input, schema));
            let typed = O::Input::from_value(input).map_err(Fault::internal);
            let wanted = typed.and_then(|typed| Ok(((self.access)(&call, &typed)?, typed)));
            let (access, typed) = match wanted {
                Ok(wanted) => wanted,
                Err(fault) => {
                    kernel.audit_refused(&call, service, operation.name, &fault).await;
                    return Err(fault);
                }
            };
            let (ctx, admitted) = kernel.admit(call, &access);
            let outcome = match admitted {
                Ok(()) => (self.run)(ctx.clone(), typed).await.map(Shape::into_value),
                Err(fault) => Err(fault),
            };
            if let (Ok(output), Some((_, schema))) = (&outcome, operation.shapes)
                && answer_is_kept(service, operation)
            {
                ctx.keep_output(kept::output(output, schema));
            }
            kernel.audit(&ctx, service, operation.name, shown, outcome.as_ref().map(|_| ())).await;
            outcome
        })
    }
}

/// Whether the audit record has the output: that of calls that change something, and of those that give credentials.
fn answer_is_kept(service: &str, operation: &Operation) -> bool {
    operation.mutating() || service == "sts"
}

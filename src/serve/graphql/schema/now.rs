//! The numbers of the present: of the whole, and of a group.

use async_graphql::Object;

use super::scalar::Count;
use super::scalar::Number;
use crate::metric::Gauge;
use crate::metric::Metric;
use crate::metric::Source;
use crate::metric::metrics;

/// The numbers of the present, by [`Gauge::index`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Now([Option<f64>; Gauge::ALL.len()]);

impl Now {
    /// Those that `of` gives.
    pub(super) fn new(of: impl Fn(Gauge) -> Option<f64>) -> Self {
        Self(Gauge::ALL.map(of))
    }

    fn number(&self, metric: Metric) -> Option<f64> {
        match metric.source() {
            Source::Now(gauge) => self.0[gauge.index()],
            _ => None,
        }
    }
}

/// Makes the object of the rows of the table.
macro_rules! now_object {
    (
        measures { $($measures:tt)* }
        now {
            $($metric:ident {
                name: $name:tt,
                what: $what:tt,
                row: $row:tt,
                $(field: $field:ident: $kind:ty, $note:tt,)?
                $(order: $order:ident $order_name:tt,)?
                shown: $shown:tt,
            })*
        }
        windows { $($windows:tt)* }
        engine { $($engine:tt)* }
    ) => {
        /// What is so now, over no window.
        #[Object]
        impl Now {
            $($(
                #[doc = $what]
                #[doc = $note]
                async fn $field(&self) -> $kind {
                    Number::of(self.number(Metric::$metric))
                }
            )?)*
        }
    };
}
metrics!(now_object);

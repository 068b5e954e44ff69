use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::types::Float64Type;
use datafusion::arrow::array::{ArrayRef, AsArray};
use datafusion::arrow::datatypes::DataType;
use datafusion::common::{DataFusionError, Result};
use datafusion::logical_expr::{Accumulator, AggregateUDF, Expr, Volatility, create_udaf};
use datafusion::scalar::ScalarValue;

/// Spark's `kurtosis`: of the population, that of the normal distribution taken off.
pub(super) fn kurtosis(expr: Expr) -> Expr {
    KURTOSIS.call(vec![expr])
}

/// Spark's `skewness`: of the population.
pub(super) fn skewness(expr: Expr) -> Expr {
    SKEWNESS.call(vec![expr])
}

/// The functions under their names in SQL.
pub(crate) fn functions() -> Vec<AggregateUDF> {
    vec![KURTOSIS.clone(), SKEWNESS.clone()]
}

static KURTOSIS: LazyLock<AggregateUDF> = LazyLock::new(|| {
    function("kurtosis", |m| if m.m2 == 0.0 { None } else { Some(m.n * m.m4 / (m.m2 * m.m2) - 3.0) })
});
static SKEWNESS: LazyLock<AggregateUDF> = LazyLock::new(|| {
    function("skewness", |m| if m.m2 == 0.0 { None } else { Some(m.n.sqrt() * m.m3 / m.m2.powf(1.5)) })
});

fn function(name: &str, answer: fn(&Moments) -> Option<f64>) -> AggregateUDF {
    create_udaf(
        name,
        vec![DataType::Float64],
        Arc::new(DataType::Float64),
        Volatility::Immutable,
        Arc::new(move |_| Ok(Box::new(Moments { answer, n: 0.0, mean: 0.0, m2: 0.0, m3: 0.0, m4: 0.0 }))),
        Arc::new(vec![DataType::Float64; 5]),
    )
}

/// Central moments, kept so that parts can be put together without loss of digits.
#[derive(Debug)]
struct Moments {
    answer: fn(&Moments) -> Option<f64>,
    n: f64,
    mean: f64,
    m2: f64,
    m3: f64,
    m4: f64,
}

impl Moments {
    fn merge(&mut self, n: f64, mean: f64, [m2, m3, m4]: [f64; 3]) {
        if n == 0.0 {
            return;
        }
        let (a, total, delta) = (self.n, self.n + n, mean - self.mean);
        let part = delta / total;
        self.m4 += m4
            + delta * part * part * part * a * n * (a * a - a * n + n * n)
            + 6.0 * part * part * (a * a * m2 + n * n * self.m2)
            + 4.0 * part * (a * m3 - n * self.m3);
        self.m3 += m3 + delta * part * part * a * n * (a - n) + 3.0 * part * (a * m2 - n * self.m2);
        self.m2 += m2 + delta * part * a * n;
        self.mean += part * n;
        self.n = total;
    }
}

impl Accumulator for Moments {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let [values] = values else {
            return Err(DataFusionError::Internal("one column is expected".to_owned()));
        };
        for value in values.as_primitive::<Float64Type>().iter().flatten() {
            self.merge(1.0, value, [0.0; 3]);
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(ScalarValue::Float64(if self.n == 0.0 { None } else { (self.answer)(self) }))
    }

    fn size(&self) -> usize {
        size_of_val(self)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let state = [self.n, self.mean, self.m2, self.m3, self.m4];
        Ok(state.into_iter().map(|value| ScalarValue::Float64(Some(value))).collect())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let [n, mean, m2, m3, m4] = states else {
            return Err(DataFusionError::Internal("five columns of state are expected".to_owned()));
        };
        let column = |array: &'_ ArrayRef| array.as_primitive::<Float64Type>().values().to_vec();
        let rows = column(n).into_iter().zip(column(mean));
        let moments = column(m2).into_iter().zip(column(m3)).zip(column(m4));
        for ((n, mean), ((m2, m3), m4)) in rows.zip(moments) {
            self.merge(n, mean, [m2, m3, m4]);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_make_the_whole() {
        let values = [1.0, 2.0, 2.0, 3.0, 10.0, -4.0];
        let new = || Moments { answer: |m| Some(m.m4), n: 0.0, mean: 0.0, m2: 0.0, m3: 0.0, m4: 0.0 };
        let (mut whole, mut first, mut second) = (new(), new(), new());
        for (at, value) in values.into_iter().enumerate() {
            whole.merge(1.0, value, [0.0; 3]);
            if at < 2 { &mut first } else { &mut second }.merge(1.0, value, [0.0; 3]);
        }
        first.merge(second.n, second.mean, [second.m2, second.m3, second.m4]);
        let mean = values.iter().sum::<f64>() / 6.0;
        let moment = |power| values.iter().map(|value| (value - mean).powi(power)).sum::<f64>();
        for (found, expected) in [
            (whole.m2, moment(2)),
            (whole.m3, moment(3)),
            (whole.m4, moment(4)),
            (first.m4, moment(4)),
            (first.m3, moment(3)),
        ] {
            assert!((found - expected).abs() < 1e-9 * expected.abs(), "{found} {expected}");
        }
    }
}

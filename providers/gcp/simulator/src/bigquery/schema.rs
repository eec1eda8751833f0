//! The columns of tables, as the API writes them.

use serde_json::{Value, json};

/// The type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Float,
    Numeric,
    Text,
    Time,
    Record(&'static [Field]),
}

/// A column, or a member of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) is_repeated: bool,
}

const fn one(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        kind,
        is_repeated: false,
    }
}

const fn text(name: &'static str) -> Field {
    one(name, Kind::Text)
}

const fn record(name: &'static str, fields: &'static [Field]) -> Field {
    one(name, Kind::Record(fields))
}

const fn repeated(name: &'static str, fields: &'static [Field]) -> Field {
    Field {
        name,
        kind: Kind::Record(fields),
        is_repeated: true,
    }
}

const LABEL: &[Field] = &[text("key"), text("value")];

/// The columns of the detailed billing export, in the order of [`super::export::values`]. Their names are from Google's
/// documentation of the export; it may have more.
pub(crate) const EXPORT: &[Field] = &[
    text("billing_account_id"),
    record("service", &[text("id"), text("description")]),
    record("sku", &[text("id"), text("description")]),
    one("usage_start_time", Kind::Time),
    one("usage_end_time", Kind::Time),
    record(
        "project",
        &[
            text("id"),
            text("number"),
            text("name"),
            repeated("labels", LABEL),
        ],
    ),
    repeated("labels", LABEL),
    repeated("system_labels", LABEL),
    record(
        "location",
        &[
            text("location"),
            text("country"),
            text("region"),
            text("zone"),
        ],
    ),
    one("export_time", Kind::Time),
    one("cost", Kind::Float),
    text("currency"),
    one("currency_conversion_rate", Kind::Float),
    record(
        "usage",
        &[
            one("amount", Kind::Float),
            text("unit"),
            one("amount_in_pricing_units", Kind::Float),
            text("pricing_unit"),
        ],
    ),
    repeated(
        "credits",
        &[
            text("name"),
            one("amount", Kind::Float),
            text("full_name"),
            text("id"),
            text("type"),
        ],
    ),
    record("invoice", &[text("month")]),
    text("cost_type"),
    record(
        "adjustment_info",
        &[text("id"), text("description"), text("mode"), text("type")],
    ),
    record("resource", &[text("name"), text("global_name")]),
    record(
        "price",
        &[
            one("effective_price", Kind::Numeric),
            one("tier_start_amount", Kind::Numeric),
            text("unit"),
            one("pricing_unit_quantity", Kind::Numeric),
        ],
    ),
    one("cost_at_list", Kind::Float),
];

impl Field {
    /// As the API writes it.
    pub(crate) fn shown(&self) -> Value {
        let word = match self.kind {
            Kind::Float => "FLOAT",
            Kind::Numeric => "NUMERIC",
            Kind::Text => "STRING",
            Kind::Time => "TIMESTAMP",
            Kind::Record(_) => "RECORD",
        };
        let mode = if self.is_repeated {
            "REPEATED"
        } else {
            "NULLABLE"
        };
        let mut shown = json!({"name": self.name, "type": word, "mode": mode});
        if let Kind::Record(fields) = self.kind {
            shown["fields"] = fields.iter().map(Self::shown).collect();
        }
        shown
    }
}

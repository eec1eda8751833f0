//! Decodes protobuf bodies, which typed commands of kubectl 1.32 and later send, into JSON.
//!
//! The names of the fields are in `protobuf/fields.txt`, made from Kubernetes' own definitions. Sources of the
//! format: the protobuf encoding guide, and Kubernetes' `runtime.Unknown` ("k8s\0" and an envelope around the
//! object).

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// The media type of such bodies.
pub(crate) const MEDIA: &str = "application/vnd.kubernetes.protobuf";
/// What they begin with.
const MAGIC: &[u8] = b"k8s\0";
/// Deeper than any object of Kubernetes.
const DEPTH_MAX: usize = 40;
/// Numbers that Go writes even if they were not set, and whose zero means "not set".
const NONE_WHEN_ZERO: &[&str] = &[
    "generation",
    "observedGeneration",
    "hostPort",
    "nodePort",
    "initialDelaySeconds",
    "timeoutSeconds",
    "periodSeconds",
    "successThreshold",
    "failureThreshold",
];
/// A text whose empty value differs from an absent one.
const MEANINGFUL_WHEN_EMPTY: &str = "storageClassName";

/// A field of a message: its name in JSON and its kind, as the table has them.
struct Field {
    name: &'static str,
    kind: &'static str,
}

type Message = BTreeMap<u64, Field>;

static MESSAGES: LazyLock<HashMap<&'static str, Message>> = LazyLock::new(|| {
    let mut messages: HashMap<&'static str, Message> = HashMap::new();
    let mut current = "";
    for line in include_str!("../../protobuf/fields.txt").lines() {
        let cells: Vec<&str> = line.split('\t').collect();
        match cells[..] {
            ["", tag, name, kind] => {
                if let Ok(tag) = tag.parse() {
                    let fields = messages.entry(current).or_default();
                    fields.insert(tag, Field { name, kind });
                }
            }
            [name] if !name.starts_with('#') => {
                current = name;
                messages.entry(name).or_default();
            }
            _ => {}
        }
    }
    messages
});

/// Why a body could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unread {
    /// It is broken.
    Broken(&'static str),
    /// Its type is not in the table, such as `batch/v1 CronJob`.
    Unknown(String),
}

type Read<T> = Result<T, Unread>;

/// Decodes a body into a JSON object.
pub(crate) fn read(body: &[u8]) -> Read<Value> {
    let rest = body
        .strip_prefix(MAGIC)
        .ok_or(Unread::Broken("it does not begin with `k8s` and a zero"))?;
    let envelope = fields(rest)?;
    let bytes = |tag: u64| {
        let found = envelope.iter().find(|(number, _)| *number == tag);
        match found {
            Some((_, Raw::Bytes(bytes))) => *bytes,
            _ => &[][..],
        }
    };
    let meta = fields(bytes(1))?;
    let word = |tag: u64| {
        let found = meta.iter().find(|(number, _)| *number == tag);
        match found {
            Some((_, Raw::Bytes(bytes))) => text(bytes),
            _ => Ok(String::new()),
        }
    };
    let (version, kind) = (word(1)?, word(2)?);
    let name = message_name(&version, &kind);
    let message = MESSAGES
        .get(name.as_str())
        .ok_or_else(|| Unread::Unknown(format!("{version} {kind}")))?;
    let mut object = object(message, bytes(2), 0)?;
    object.insert("apiVersion".to_owned(), json!(version));
    object.insert("kind".to_owned(), json!(kind));
    Ok(Value::Object(object))
}

/// `authorization.k8s.io/v1` and `X` → `api.authorization.v1.X`.
fn message_name(version: &str, kind: &str) -> String {
    if kind == "DeleteOptions" {
        return format!("apimachinery.pkg.apis.meta.v1.{kind}");
    }
    let (group, version) = version.split_once('/').unwrap_or(("core", version));
    let group = group.split('.').next().unwrap_or(group);
    format!("api.{group}.{version}.{kind}")
}

/// A field as it stands in the bytes.
enum Raw<'a> {
    Number(u64),
    Double(f64),
    Bytes(&'a [u8]),
}

/// The fields of a message, with their tags.
fn fields(mut bytes: &[u8]) -> Read<Vec<(u64, Raw<'_>)>> {
    let mut all = Vec::new();
    while !bytes.is_empty() {
        let key = varint(&mut bytes)?;
        let raw = match key & 7 {
            0 => Raw::Number(varint(&mut bytes)?),
            1 => {
                let eight = take(&mut bytes, 8)?;
                let eight = eight.try_into().map_err(|_| SHORT)?;
                Raw::Double(f64::from_le_bytes(eight))
            }
            2 => {
                let length = usize::try_from(varint(&mut bytes)?).map_err(|_| SHORT)?;
                Raw::Bytes(take(&mut bytes, length)?)
            }
            5 => {
                let four = take(&mut bytes, 4)?;
                let four = four.try_into().map_err(|_| SHORT)?;
                Raw::Number(u64::from(u32::from_le_bytes(four)))
            }
            _ => return Err(Unread::Broken("it has a field of an unknown form")),
        };
        all.push((key >> 3, raw));
    }
    Ok(all)
}

const SHORT: Unread = Unread::Broken("it ends in the middle of a field");

fn take<'a>(bytes: &mut &'a [u8], count: usize) -> Read<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(count).ok_or(SHORT)?;
    *bytes = rest;
    Ok(taken)
}

fn varint(bytes: &mut &[u8]) -> Read<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let byte = take(bytes, 1)?[0];
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok(value);
        }
    }
    Err(Unread::Broken("it has a number that is too long"))
}

fn text(bytes: &[u8]) -> Read<String> {
    let text = String::from_utf8(bytes.to_vec());
    text.map_err(|_| Unread::Broken("it has a text that is not UTF-8"))
}

fn object(message: &Message, bytes: &[u8], depth: usize) -> Read<Map<String, Value>> {
    if depth > DEPTH_MAX {
        return Err(Unread::Broken("its objects are nested too deeply"));
    }
    let mut object = Map::new();
    for (tag, raw) in fields(bytes)? {
        // A real server drops unknown fields too.
        let Some(field) = message.get(&tag) else {
            continue;
        };
        add(&mut object, field, raw, depth)?;
    }
    Ok(object)
}

fn add(object: &mut Map<String, Value>, field: &Field, raw: Raw<'_>, depth: usize) -> Read<()> {
    let name = field.name.to_owned();
    if let Some(kind) = field.kind.strip_prefix('*') {
        let item = value(kind, raw, depth)?;
        let list = object.entry(name).or_insert_with(|| json!([]));
        if let Value::Array(list) = list {
            list.push(item);
        }
    } else if let Some(kind) = field.kind.strip_prefix('%') {
        let Raw::Bytes(bytes) = raw else {
            return Err(Unread::Broken("it has a map that is none"));
        };
        let (mut key, mut item) = (String::new(), empty(kind));
        for (tag, raw) in fields(bytes)? {
            match (tag, raw) {
                (1, Raw::Bytes(bytes)) => key = text(bytes)?,
                (2, raw) => item = value(kind, raw, depth)?,
                _ => {}
            }
        }
        let map = object.entry(name).or_insert_with(|| json!({}));
        map[key] = item;
    } else {
        let value = value(field.kind, raw, depth)?;
        match value {
            // The members of an embedded structure belong to its parent.
            Value::Object(members) if name == "~" => object.extend(members),
            value if is_none(field.name, &value) => {}
            value => {
                object.insert(name, value);
            }
        }
    }
    Ok(())
}

/// The value of a map's entry without a value: the zero of its kind.
fn empty(kind: &str) -> Value {
    match kind {
        "string" | "bytes" => json!(""),
        _ => Value::Null,
    }
}

/// Whether a value is only there because Go writes every field.
fn is_none(name: &str, value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty() && name != MEANINGFUL_WHEN_EMPTY,
        Value::Number(number) => number.as_i64() == Some(0) && NONE_WHEN_ZERO.contains(&name),
        _ => false,
    }
}

fn value(kind: &str, raw: Raw<'_>, depth: usize) -> Read<Value> {
    Ok(match (kind, raw) {
        ("bool", Raw::Number(number)) => json!(number != 0),
        // Negative numbers are written as their two's complement.
        ("int", Raw::Number(number)) => json!(number.cast_signed()),
        ("double", Raw::Double(number)) => json!(number),
        ("string", Raw::Bytes(bytes)) => json!(text(bytes)?),
        ("bytes", Raw::Bytes(bytes)) => json!(STANDARD.encode(bytes)),
        (kind, Raw::Bytes(bytes)) => match special(kind, bytes)? {
            Some(value) => value,
            None => {
                let message = MESSAGES
                    .get(kind)
                    .ok_or_else(|| Unread::Unknown(kind.to_owned()))?;
                let mut object = object(message, bytes, depth + 1)?;
                // A list in a message of its own is a list in JSON.
                match object.remove("[]") {
                    Some(list) => list,
                    None => Value::Object(object),
                }
            }
        },
        _ => {
            return Err(Unread::Broken(
                "it has a field of another form than its type",
            ));
        }
    })
}

/// The types whose JSON form is not an object with their members.
fn special(kind: &str, bytes: &[u8]) -> Read<Option<Value>> {
    let (mut numbers, mut texts) = ([0_i64; 4], [&[][..]; 4]);
    let short = kind.rsplit('.').next().unwrap_or_default();
    if ![
        "Time",
        "MicroTime",
        "Quantity",
        "IntOrString",
        "FieldsV1",
        "RawExtension",
    ]
    .contains(&short)
    {
        return Ok(None);
    }
    for (tag, raw) in fields(bytes)? {
        let place = usize::try_from(tag).unwrap_or(usize::MAX);
        match raw {
            Raw::Number(number) if place < numbers.len() => numbers[place] = number.cast_signed(),
            Raw::Bytes(bytes) if place < texts.len() => texts[place] = bytes,
            _ => {}
        }
    }
    let raw_json = || serde_json::from_slice(texts[1]).unwrap_or(Value::Null);
    Ok(Some(match short {
        "Time" | "MicroTime" if bytes.is_empty() => Value::Null,
        "Time" => json!(time(numbers[1], 0)?.to_string()),
        "MicroTime" => json!(time(numbers[1], numbers[2])?.to_string()),
        "Quantity" => json!(text(texts[1])?),
        "IntOrString" if numbers[1] == 0 => json!(numbers[2]),
        "IntOrString" => json!(text(texts[3])?),
        _ => raw_json(),
    }))
}

fn time(seconds: i64, nanoseconds: i64) -> Read<Timestamp> {
    let nanoseconds = i32::try_from(nanoseconds).unwrap_or(0);
    Timestamp::new(seconds, nanoseconds).map_err(|_| Unread::Broken("it has a time that is none"))
}

#[cfg(test)]
mod tests;

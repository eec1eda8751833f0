//! A model that computes nothing and always answers the same to the same: what it says is made of its name, its revision
//! and the input, so that an answer shows which model and which revision gave it, and repeats what it was told.
//!
//! Forms: `OpenAI`'s chat completions, completions and embeddings; `inputs` of Hugging Face's containers by task; `/info`
//! and `/v1/models` of TGI, TEI and vLLM.

use bytes::Bytes;
use http::{Method, Request};
use kubeproof_simkit::rest::ApiError;
use serde_json::{Value, json};

use crate::endpoints::{self, Endpoint};
use crate::hub;
use crate::state::State;
use crate::wire::{Answer, Outcome, refused};

/// The numbers of an embedding.
const DIMENSIONS: usize = 8;
/// Most inputs of a call.
const INPUTS_MAX: usize = 32;

/// The model that answers.
struct Toy<'a> {
    repository: &'a str,
    commit: String,
    task: &'a str,
    speaks_openai: bool,
}

impl Toy<'_> {
    /// What it says to a text.
    fn text(&self, input: &str) -> String {
        format!("{}@{} answers: {input}", self.repository, &self.commit[..7])
    }

    /// A number below 1 that it has for a text, in thousandths.
    fn number(&self, input: &str, at: usize) -> f64 {
        let hex = hub::hex(
            &format!("{}/{}/{at}/{input}", self.repository, self.commit),
            6,
        );
        let number = u32::from_str_radix(&hex, 16).unwrap_or(0);
        f64::from(number % 1000) / 1000.0
    }

    fn embedding(&self, input: &str) -> Vec<f64> {
        (0..DIMENSIONS).map(|at| self.number(input, at)).collect()
    }

    fn labels(&self, input: &str) -> Value {
        let score = 0.5 + self.number(input, 0) / 2.0;
        let (first, second) = if self.number(input, 1) < 0.5 {
            ("NEGATIVE", "POSITIVE")
        } else {
            ("POSITIVE", "NEGATIVE")
        };
        json!([{"label": first, "score": score}, {"label": second, "score": 1.0 - score}])
    }
}

/// Answers a call.
pub(super) fn answer(state: &State, endpoint: &Endpoint, request: &Request<Bytes>) -> Outcome {
    let model = endpoint.running_model();
    let known = hub::find(state, &model.repository);
    let commit = hub::resolve(&model.repository, model.revision.as_deref());
    let toy = Toy {
        repository: &model.repository,
        commit: commit.unwrap_or_else(|| hub::commit(&model.repository, "main")),
        task: model
            .task
            .as_deref()
            .or(known.map(|one| one.task))
            .unwrap_or_default(),
        speaks_openai: endpoints::speaks_openai(&model.image),
    };
    let health = endpoints::health_route(&model.image);
    let path = request.uri().path();
    let answered = if request.method() == Method::GET {
        read(&toy, path, &health, endpoints::variant(&model.image))
    } else {
        let body = request.body();
        let document =
            serde_json::from_slice(body).map_err(|_| refused(422, "the body is no JSON"))?;
        compute(&toy, path, &document, state.now.as_second())
    };
    let answer = answered?;
    Ok(answer
        .with("x-model-id", toy.repository)
        .with("x-model-revision", toy.commit))
}

fn unknown(path: &str) -> ApiError {
    refused(404, format!("the container has no route {path}"))
}

fn read(toy: &Toy<'_>, path: &str, health: &str, variant: &str) -> Outcome {
    if path == health || path == "/health" {
        return Ok(Answer::json(&json!({"status": "ok"})));
    }
    match path {
        "/" => Ok(Answer::json(&json!({"status": "ok"}))),
        "/info" if ["tgi", "tei"].contains(&variant) => Ok(Answer::json(&json!({
            "model_id": toy.repository, "model_sha": toy.commit, "version": "rehearsal",
        }))),
        "/v1/models" if toy.speaks_openai => Ok(Answer::json(&json!({
            "object": "list",
            "data": [{"id": toy.repository, "object": "model", "owned_by": "kubeproof", "created": 0}],
        }))),
        _ => Err(unknown(path)),
    }
}

fn compute(toy: &Toy<'_>, path: &str, document: &Value, now: i64) -> Outcome {
    let is_text = toy.task == hub::TEXT;
    match path {
        "/" | "/predict" | "/generate" | "/embed" => inputs(toy, document),
        "/v1/chat/completions" if toy.speaks_openai && is_text => chat(toy, document, now),
        "/v1/completions" if toy.speaks_openai && is_text => completion(toy, document, now),
        "/v1/embeddings" if toy.speaks_openai && !is_text => embeddings(toy, document),
        _ => Err(unknown(path)),
    }
}

/// The texts of a member that is a text or a list of texts.
fn texts<'d>(document: &'d Value, member: &str) -> Result<Vec<&'d str>, ApiError> {
    let wrong = || {
        refused(
            422,
            format!("`{member}` must be a text, or 1 to {INPUTS_MAX} texts"),
        )
    };
    let texts: Option<Vec<&str>> = match &document[member] {
        Value::String(text) => Some(vec![text.as_str()]),
        Value::Array(all) => all.iter().map(Value::as_str).collect(),
        _ => None,
    };
    let texts = texts.ok_or_else(wrong)?;
    if texts.is_empty() || texts.len() > INPUTS_MAX {
        return Err(wrong());
    }
    Ok(texts)
}

fn inputs(toy: &Toy<'_>, document: &Value) -> Outcome {
    let texts = texts(document, "inputs")?;
    let is_single = document["inputs"].is_string();
    let all: Vec<Value> = texts
        .iter()
        .map(|text| match toy.task {
            hub::TEXT => json!({"generated_text": toy.text(text)}),
            hub::CLASSIFICATION => toy.labels(text),
            _ => json!(toy.embedding(text)),
        })
        .collect();
    // One text is classified to one list of labels, and generated from to a list with one answer.
    let answer = match (is_single, toy.task) {
        (true, hub::CLASSIFICATION) => all.into_iter().next().unwrap_or_default(),
        _ => Value::Array(all),
    };
    Ok(Answer::json(&answer))
}

fn usage(prompt: &str, answer: &str) -> Value {
    let (asked, said) = (
        prompt.split_whitespace().count(),
        answer.split_whitespace().count(),
    );
    json!({"prompt_tokens": asked, "completion_tokens": said, "total_tokens": asked + said})
}

fn chat(toy: &Toy<'_>, document: &Value, now: i64) -> Outcome {
    if document["stream"] == true {
        return Err(ApiError::not_simulated("a stream of chat completions"));
    }
    let messages = document["messages"].as_array();
    let last = messages.and_then(|all| all.last()?["content"].as_str());
    let last =
        last.ok_or_else(|| refused(422, "`messages` must end with a message that has a text"))?;
    let text = toy.text(last);
    Ok(Answer::json(&json!({
        "id": format!("chatcmpl-{}", hub::hex(&text, 12)), "object": "chat.completion",
        "created": now, "model": toy.repository, "system_fingerprint": toy.commit,
        "choices": [{"index": 0, "finish_reason": "stop",
                     "message": {"role": "assistant", "content": text}}],
        "usage": usage(last, &text),
    })))
}

fn completion(toy: &Toy<'_>, document: &Value, now: i64) -> Outcome {
    let prompts = texts(document, "prompt")?;
    let choices = prompts.iter().zip(0..).map(|(prompt, index)| {
        json!({"index": index, "finish_reason": "stop", "text": toy.text(prompt), "logprobs": null})
    });
    let choices: Vec<Value> = choices.collect();
    Ok(Answer::json(&json!({
        "id": format!("cmpl-{}", hub::hex(prompts[0], 12)), "object": "text_completion",
        "created": now, "model": toy.repository, "system_fingerprint": toy.commit,
        "choices": choices, "usage": usage(prompts[0], &toy.text(prompts[0])),
    })))
}

fn embeddings(toy: &Toy<'_>, document: &Value) -> Outcome {
    let texts = texts(document, "input")?;
    let data = texts.iter().zip(0..).map(|(text, index)| {
        json!({"object": "embedding", "index": index, "embedding": toy.embedding(text)})
    });
    let data: Vec<Value> = data.collect();
    Ok(Answer::json(&json!({
        "object": "list", "data": data, "model": toy.repository, "usage": usage(texts[0], ""),
    })))
}

# One comment on the pull request, updated by later runs. Sourced by run.sh.
# shellcheck shell=bash

# A forge refuses comments of more than 65,536 characters.
comment_limit="${KUBEPROOF_COMMENT_LIMIT:-65536}"
# How many pages of a hundred comments are searched for ours.
comment_pages=30

# api METHOD PATH [FILE]: a call of the forge's API. Fails on an error status, which it prints.
api() {
  local body=()
  [ $# -lt 3 ] || body=(--header "Content-Type: application/json" --data-binary "@$3")
  # The token goes in by a file that only curl reads: arguments of processes are public.
  curl --fail-with-body --silent --show-error --connect-timeout 20 --max-time 60 --request "$1" \
    --header "Accept: application/vnd.github+json" --header "X-GitHub-Api-Version: 2022-11-28" \
    --config <(printf 'header = "Authorization: Bearer %s"\n' "$INPUT_TOKEN") ${body[@]+"${body[@]}"} "$GITHUB_API_URL$2"
}

# findings RECORDS: the first twenty, a line each. As code, so that what a program has said is neither markup nor a mention.
findings() {
  jq -r '[.records[] | .scenario as $scenario | .findings[]
      | "- **\(.oracle)** in \($scenario): `\(.message | gsub("[`\n\r]"; " ") | .[0:400])`"]
    | (.[0:20][]), (if length > 20 then "- and \(length - 20) more" else empty end)' "$1"
}

# comment_body MARKER HEADING MARKDOWN LINK: prints the comment, folded, within the limit, cut at the end of a line.
comment_body() {
  local marker="$1" heading="$2" markdown="$3" link="$4"
  # jq counts characters, not bytes. A fence that the cut left open is closed, so that what follows is not code.
  jq -rn --arg marker "$marker" --arg heading "$heading" --arg link "$link" --rawfile text "$markdown" --argjson limit "$comment_limit" '
    def opens: [match("(?m)^```"; "g")] | length % 2 == 1;
    ($marker + "\n" + $heading + "\n\n<details><summary>Matrix, findings and cost</summary>\n\n") as $head
    | ("\n\n</details>\n\n" + $link + "\n") as $foot
    | "\n\n*Cut here: the whole report is in the summary and the artefact of the run.*" as $cut
    | ($limit - ($head | length) - ($foot | length)) as $room
    | ($text | rtrimstr("\n")) as $text
    | if ($text | length) <= $room then $head + $text + $foot
      else ($text[0:($room - ($cut | length) - 5)] | sub("\n[^\n]*$"; "")) as $part
        | $head + $part + (if ($part | opens) then "\n```" else "" end) + $cut + $foot
      end'
}

# The id of our comment on the pull request: it begins with the marker, and the token has written it. Empty if there is none.
comment_find() {
  local number="$1" marker="$2" page=1 comments id
  while [ "$page" -le "$comment_pages" ]; do
    comments="$(api GET "/repos/$GITHUB_REPOSITORY/issues/$number/comments?per_page=100&page=$page")" || return 1
    id="$(jq -r --arg marker "$marker" --arg author "$INPUT_COMMENT_AUTHOR" \
      'map(select((.body | startswith($marker)) and .user.login == $author)) | first | .id // empty' <<<"$comments")"
    if [ -n "$id" ] || [ "$(jq length <<<"$comments")" -lt 100 ]; then break; fi
    page=$((page + 1))
  done
  echo "${id:-}"
}

# comment HEADING RECORDS MARKDOWN: writes or updates the comment. A comment that is refused is a warning: the verdict does not hang on
# it, and the token of a pull request from a fork may not write.
comment() {
  local heading="$1" records="$2" markdown="$3" number marker id folder answer written=""
  number="$(jq -r '.pull_request.number // empty' "$GITHUB_EVENT_PATH")"
  [ -n "$number" ] || return 0
  # One comment for each job that uses the action.
  marker="<!-- kubeproof: ${GITHUB_WORKFLOW:-} / ${GITHUB_JOB:-} -->"
  folder="$(mktemp -d)"
  heading="$(printf '### %s\n\n' "$heading" && findings "$records")"
  comment_body "$marker" "$heading" "$markdown" \
    "[The run, its summary and artefacts]($GITHUB_SERVER_URL/$GITHUB_REPOSITORY/actions/runs/$GITHUB_RUN_ID)" >"$folder/body"
  jq -n --rawfile body "$folder/body" '{body: $body}' >"$folder/comment.json"
  if id="$(comment_find "$number" "$marker")"; then
    if [ -n "$id" ]; then
      answer="$(api PATCH "/repos/$GITHUB_REPOSITORY/issues/comments/$id" "$folder/comment.json")" && written=yes
    else
      answer="$(api POST "/repos/$GITHUB_REPOSITORY/issues/$number/comments" "$folder/comment.json")" && written=yes
    fi
  else
    answer="$id"
  fi
  rm -rf "$folder"
  if [ -z "$written" ]; then
    echo "::warning::no comment on pull request $number: $(jq -r '.message? // "no answer"' <<<"${answer:-null}" 2>/dev/null || echo "no answer")" \
      "(the job needs the permission pull-requests: write; pull requests from forks have none)"
  fi
}

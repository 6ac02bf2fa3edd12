
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'ragctl' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'ragctl'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'ragctl' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Config file [default: ./ragctl.toml, else the user''s]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours [default: auto]')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'Form of log lines: text for people, or one JSON object a line [default: text]')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'More log lines (-vv: even more)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More log lines (-vv: even more)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only warnings and errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('serve', 'serve', [CompletionResultType]::ParameterValue, 'Run the API over your documents')
            [CompletionResult]::new('export', 'export', [CompletionResultType]::ParameterValue, 'Write a DB into one file')
            [CompletionResult]::new('import', 'import', [CompletionResultType]::ParameterValue, 'Make a DB of a file that `ragctl export` wrote')
            [CompletionResult]::new('config', 'config', [CompletionResultType]::ParameterValue, 'Show, check or write settings')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print a completion script for a shell')
            [CompletionResult]::new('man', 'man', [CompletionResultType]::ParameterValue, 'Print the manual page')
            [CompletionResult]::new('ingest', 'ingest', [CompletionResultType]::ParameterValue, 'Read documents into a DB')
            [CompletionResult]::new('docs', 'docs', [CompletionResultType]::ParameterValue, 'List, show and remove documents')
            [CompletionResult]::new('sync', 'sync', [CompletionResultType]::ParameterValue, 'Bring a DB to the state of a folder, once')
            [CompletionResult]::new('query', 'query', [CompletionResultType]::ParameterValue, 'Ask a question')
            [CompletionResult]::new('search', 'search', [CompletionResultType]::ParameterValue, 'Show which passages a question finds, and why')
            [CompletionResult]::new('reindex', 'reindex', [CompletionResultType]::ParameterValue, 'Embed a DB with another model, or cut it into other chunks, while it answers')
            [CompletionResult]::new('try', 'try', [CompletionResultType]::ParameterValue, 'Compare the generation of a DB that was built with the one that answers')
            [CompletionResult]::new('verify', 'verify', [CompletionResultType]::ParameterValue, 'Check a stored answer against the documents as they are now')
            [CompletionResult]::new('eval', 'eval', [CompletionResultType]::ParameterValue, 'Measure the quality of retrieval and of answers on a collection in BEIR layout')
            [CompletionResult]::new('bench', 'bench', [CompletionResultType]::ParameterValue, 'Put load on an API and measure it; compare measurements')
            [CompletionResult]::new('monitor', 'monitor', [CompletionResultType]::ParameterValue, 'Watch servers in the terminal')
            [CompletionResult]::new('report', 'report', [CompletionResultType]::ParameterValue, 'Summarize recordings and load tests in a deployment report')
            [CompletionResult]::new('mock', 'mock', [CompletionResultType]::ParameterValue, 'Run a fake Ollama and OpenAI upstream, with latencies and faults of your choice')
            [CompletionResult]::new('cache', 'cache', [CompletionResultType]::ParameterValue, 'Show, clear, fill and tune the semantic cache')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'ragctl;serve' {
            [CompletionResult]::new('--host', '--host', [CompletionResultType]::ParameterName, 'Address to listen on [default: 127.0.0.1]')
            [CompletionResult]::new('--port', '--port', [CompletionResultType]::ParameterName, 'Port to listen on [default: 8001]')
            [CompletionResult]::new('--shutdown-grace', '--shutdown-grace', [CompletionResultType]::ParameterName, 'Longest that requests go on after a signal to stop [default: 30s]')
            [CompletionResult]::new('--max-body-bytes', '--max-body-bytes', [CompletionResultType]::ParameterName, 'Largest request body [default: 2097152]')
            [CompletionResult]::new('--cors-origins', '--cors-origins', [CompletionResultType]::ParameterName, 'Origins that browsers may call from, or *')
            [CompletionResult]::new('--allowed-hosts', '--allowed-hosts', [CompletionResultType]::ParameterName, 'Hosts that requests may name, or * [default: names of loopback when listening there, else all]')
            [CompletionResult]::new('--max-connections', '--max-connections', [CompletionResultType]::ParameterName, 'Most connections at once [default: what the limit of open files allows, at most 10000]')
            [CompletionResult]::new('--docs', '--docs', [CompletionResultType]::ParameterName, 'Files and folders to ingest at start')
            [CompletionResult]::new('--watch', '--watch', [CompletionResultType]::ParameterName, 'Whether the folders among --docs are mirrored [default: false]')
            [CompletionResult]::new('--rescan', '--rescan', [CompletionResultType]::ParameterName, 'Time between comparisons of mirrored folders as a whole [default: 60s]')
            [CompletionResult]::new('--allow-mass-delete', '--allow-mass-delete', [CompletionResultType]::ParameterName, 'Whether documents are deleted without a confirmation when most files of a mirrored folder, or the folder itself, are gone [default: false]')
            [CompletionResult]::new('--max-upload-bytes', '--max-upload-bytes', [CompletionResultType]::ParameterName, 'Largest form of uploaded files, all together [default: 268435456]')
            [CompletionResult]::new('--docs-root', '--docs-root', [CompletionResultType]::ParameterName, 'Folders that ingestion may read [default: the working directory]')
            [CompletionResult]::new('--data-dir', '--data-dir', [CompletionResultType]::ParameterName, 'Folder of the DBs [default: data/kb]')
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'DB of requests that name none [default: default]')
            [CompletionResult]::new('--chunk-size', '--chunk-size', [CompletionResultType]::ParameterName, 'Largest chunk, in characters [default: 800]')
            [CompletionResult]::new('--chunk-overlap', '--chunk-overlap', [CompletionResultType]::ParameterName, 'Characters that neighbouring chunks may share, at most half of the chunk size [default: 120]')
            [CompletionResult]::new('--metadata-rule', '--metadata-rule', [CompletionResultType]::ParameterName, 'Metadata of documents by their names')
            [CompletionResult]::new('--ocr-command', '--ocr-command', [CompletionResultType]::ParameterName, 'Program that recognises text in PDFs with pages of images')
            [CompletionResult]::new('--ocr-timeout', '--ocr-timeout', [CompletionResultType]::ParameterName, 'Longest time for one scan, in seconds [default: 300]')
            [CompletionResult]::new('--provider', '--provider', [CompletionResultType]::ParameterName, 'Who answers, and embeds if it can [default: auto]')
            [CompletionResult]::new('--ollama-url', '--ollama-url', [CompletionResultType]::ParameterName, 'URL of the Ollama server [default: http://localhost:11434]')
            [CompletionResult]::new('--llm-model', '--llm-model', [CompletionResultType]::ParameterName, 'Name of the LLM at Ollama [default: llama3.1:8b]')
            [CompletionResult]::new('--embed-model', '--embed-model', [CompletionResultType]::ParameterName, 'Name of the embedding model at Ollama, or the folder of a model2vec model [default: nomic-embed-text]')
            [CompletionResult]::new('--openai-base-url', '--openai-base-url', [CompletionResultType]::ParameterName, 'URL of the OpenAI-compatible server, usually ending in /v1 [default: https://api.openai.com/v1]')
            [CompletionResult]::new('--openai-api-key', '--openai-api-key', [CompletionResultType]::ParameterName, 'API key of the OpenAI-compatible server')
            [CompletionResult]::new('--openai-model', '--openai-model', [CompletionResultType]::ParameterName, 'Name of the LLM at the OpenAI-compatible server [default: gpt-4o-mini]')
            [CompletionResult]::new('--openai-embed-model', '--openai-embed-model', [CompletionResultType]::ParameterName, 'Name of the embedding model at the OpenAI-compatible server [default: text-embedding-3-small]')
            [CompletionResult]::new('--connect-timeout', '--connect-timeout', [CompletionResultType]::ParameterName, 'Longest wait for a connection to an LLM server, in seconds [default: 5]')
            [CompletionResult]::new('--read-timeout', '--read-timeout', [CompletionResultType]::ParameterName, 'Longest silence of an LLM server, in seconds [default: 180]')
            [CompletionResult]::new('--openai-connect-timeout', '--openai-connect-timeout', [CompletionResultType]::ParameterName, 'Longest wait for a connection to the OpenAI-compatible server, in seconds [default: that of --connect-timeout]')
            [CompletionResult]::new('--openai-read-timeout', '--openai-read-timeout', [CompletionResultType]::ParameterName, 'Longest silence of the OpenAI-compatible server, in seconds [default: that of --read-timeout]')
            [CompletionResult]::new('--upstream', '--upstream', [CompletionResultType]::ParameterName, 'LLM servers that are asked one after another until one answers, instead of that of the settings above [default: the server of the settings above]')
            [CompletionResult]::new('--upstream-order', '--upstream-order', [CompletionResultType]::ParameterName, 'Which of several upstreams is asked first [default: listed]')
            [CompletionResult]::new('--embedder', '--embedder', [CompletionResultType]::ParameterName, 'Who embeds [default: auto]')
            [CompletionResult]::new('--embed-url', '--embed-url', [CompletionResultType]::ParameterName, 'URL of the server that embeds, when it is another than the LLM''s [default: that of the LLM server]')
            [CompletionResult]::new('--embed-api-key', '--embed-api-key', [CompletionResultType]::ParameterName, 'API key of the server that embeds [default: that of the LLM server]')
            [CompletionResult]::new('--max-tokens', '--max-tokens', [CompletionResultType]::ParameterName, 'Most tokens of an answer [default: 1024]')
            [CompletionResult]::new('--temperature', '--temperature', [CompletionResultType]::ParameterName, 'Randomness of answers [default: the server''s]')
            [CompletionResult]::new('--top-p', '--top-p', [CompletionResultType]::ParameterName, 'Share of the likeliest tokens that the model chooses from [default: the server''s]')
            [CompletionResult]::new('--seed', '--seed', [CompletionResultType]::ParameterName, 'Seed with which a server gives the same answer again, as far as it can')
            [CompletionResult]::new('--stop', '--stop', [CompletionResultType]::ParameterName, 'Texts at which an answer ends')
            [CompletionResult]::new('--num-ctx', '--num-ctx', [CompletionResultType]::ParameterName, 'Tokens of prompt and answer together [default: Ollama: as large as the prompt needs; others: not known]')
            [CompletionResult]::new('--num-thread', '--num-thread', [CompletionResultType]::ParameterName, 'Threads of Ollama [default: Ollama''s]')
            [CompletionResult]::new('--num-gpu', '--num-gpu', [CompletionResultType]::ParameterName, 'Layers that Ollama puts on the GPU [default: Ollama''s]')
            [CompletionResult]::new('--keep-alive', '--keep-alive', [CompletionResultType]::ParameterName, 'How long Ollama keeps the model loaded, like 10m [default: Ollama''s]')
            [CompletionResult]::new('--reasoning', '--reasoning', [CompletionResultType]::ParameterName, 'How much a model that can reason does so before it answers [default: the model''s]')
            [CompletionResult]::new('--extra', '--extra', [CompletionResultType]::ParameterName, 'Further fields of requests to the LLM server, passed on as they are')
            [CompletionResult]::new('--prompts', '--prompts', [CompletionResultType]::ParameterName, 'Folder of prompts that replace built-in ones of the same file name, like answer.en.txt [default: the built-in ones]')
            [CompletionResult]::new('--condense', '--condense', [CompletionResultType]::ParameterName, 'Who makes a follow-up question stand alone [default: auto]')
            [CompletionResult]::new('--fallback', '--fallback', [CompletionResultType]::ParameterName, 'Quote passages without the LLM, and search words without vectors, while a model is unavailable [default: true]')
            [CompletionResult]::new('--unsupported', '--unsupported', [CompletionResultType]::ParameterName, 'What becomes of an LLM''s answer that nothing in the documents supports [default: mark]')
            [CompletionResult]::new('--request-timeout', '--request-timeout', [CompletionResultType]::ParameterName, 'Longest time that a question may take, in seconds [default: 600]')
            [CompletionResult]::new('--first-token-timeout', '--first-token-timeout', [CompletionResultType]::ParameterName, 'Longest wait for the first token of a model that is loaded, in seconds [default: 30]')
            [CompletionResult]::new('--load-timeout', '--load-timeout', [CompletionResultType]::ParameterName, 'Longest wait for the first token of a model that is being loaded, in seconds [default: 300]')
            [CompletionResult]::new('--idle-timeout', '--idle-timeout', [CompletionResultType]::ParameterName, 'Longest pause between two tokens, in seconds [default: 30]')
            [CompletionResult]::new('--max-retries', '--max-retries', [CompletionResultType]::ParameterName, 'Attempts after the first, as far as the retry budget allows [default: 3]')
            [CompletionResult]::new('--retry-backoff', '--retry-backoff', [CompletionResultType]::ParameterName, 'Longest wait before the first retry, in seconds [default: 0.6]')
            [CompletionResult]::new('--openai-max-retries', '--openai-max-retries', [CompletionResultType]::ParameterName, 'Attempts after the first at the OpenAI-compatible server [default: that of --max-retries]')
            [CompletionResult]::new('--openai-retry-backoff', '--openai-retry-backoff', [CompletionResultType]::ParameterName, 'Longest wait before the first retry at the OpenAI-compatible server, in seconds [default: that of --retry-backoff]')
            [CompletionResult]::new('--breaker', '--breaker', [CompletionResultType]::ParameterName, 'Stop calling an upstream for a while when it fails too often [default: true]')
            [CompletionResult]::new('--breaker-failures', '--breaker-failures', [CompletionResultType]::ParameterName, 'Failures in a row that open the circuit breaker [default: 5]')
            [CompletionResult]::new('--breaker-window', '--breaker-window', [CompletionResultType]::ParameterName, 'Calls within a minute from which a failure rate of 50 % opens the breaker [default: 10]')
            [CompletionResult]::new('--breaker-timeout', '--breaker-timeout', [CompletionResultType]::ParameterName, 'How long the breaker stays open at first, in seconds [default: 30]')
            [CompletionResult]::new('--breaker-successes', '--breaker-successes', [CompletionResultType]::ParameterName, 'Successful trial calls that close the breaker [default: 2]')
            [CompletionResult]::new('--breaker-probes', '--breaker-probes', [CompletionResultType]::ParameterName, 'Most trial calls at once while the breaker is half open [default: 3]')
            [CompletionResult]::new('--pool-connections', '--pool-connections', [CompletionResultType]::ParameterName, 'No effect, only shown in the metrics: connections are opened when they are needed [default: 15]')
            [CompletionResult]::new('--pool-maxsize', '--pool-maxsize', [CompletionResultType]::ParameterName, 'Most calls to an upstream at once [default: 30]')
            [CompletionResult]::new('--pool-block', '--pool-block', [CompletionResultType]::ParameterName, 'Let calls beyond --pool-maxsize wait [default: true]')
            [CompletionResult]::new('--pool-queue', '--pool-queue', [CompletionResultType]::ParameterName, 'Most calls that wait for a connection [default: 1000]')
            [CompletionResult]::new('--pool-max-keepalive', '--pool-max-keepalive', [CompletionResultType]::ParameterName, 'Most idle connections that are kept [default: 30]')
            [CompletionResult]::new('--pool-keepalive-expiry', '--pool-keepalive-expiry', [CompletionResultType]::ParameterName, 'How long an idle connection is kept, in seconds [default: 30]')
            [CompletionResult]::new('--cache', '--cache', [CompletionResultType]::ParameterName, 'Answer from the cache when the question was asked before, in the same or other words [default: true]')
            [CompletionResult]::new('--cache-threshold', '--cache-threshold', [CompletionResultType]::ParameterName, 'Least cosine similarity at which a question gets another question''s answer [default: 0.80, or what `ragctl cache tune --save` found for the embedder]')
            [CompletionResult]::new('--cache-size', '--cache-size', [CompletionResultType]::ParameterName, 'Most cached answers [default: 1000]')
            [CompletionResult]::new('--cache-ttl', '--cache-ttl', [CompletionResultType]::ParameterName, 'Longest age of a cached answer, in seconds [default: 3600]')
            [CompletionResult]::new('--cache-max-bytes', '--cache-max-bytes', [CompletionResultType]::ParameterName, 'Most bytes of all cached answers [default: 67108864]')
            [CompletionResult]::new('--cache-mode', '--cache-mode', [CompletionResultType]::ParameterName, 'How similar questions are accepted: by one threshold for all [default: threshold]')
            [CompletionResult]::new('--cache-delta', '--cache-delta', [CompletionResultType]::ParameterName, 'Largest share of questions that may get another question''s answer in verified mode [default: 0.01]')
            [CompletionResult]::new('--cache-guards', '--cache-guards', [CompletionResultType]::ParameterName, 'Refuse a similar question''s answer when numbers, names, negation, opposites, direction or question words differ [default: true]')
            [CompletionResult]::new('--cache-persist', '--cache-persist', [CompletionResultType]::ParameterName, 'Keep cached answers on disk, so that they survive a restart and a crash [default: false]')
            [CompletionResult]::new('--cache-key', '--cache-key', [CompletionResultType]::ParameterName, 'Key that encrypts cached answers on disk')
            [CompletionResult]::new('--method', '--method', [CompletionResultType]::ParameterName, 'Search method of questions that name none [default: hybrid]')
            [CompletionResult]::new('-k', '-k', [CompletionResultType]::ParameterName, 'Passages that an answer is made from [default: 5]')
            [CompletionResult]::new('--top-k', '--top-k', [CompletionResultType]::ParameterName, 'Passages that an answer is made from [default: 5]')
            [CompletionResult]::new('--rrf', '--rrf', [CompletionResultType]::ParameterName, 'Fuse by reciprocal rank instead of weighted scores [default: true with an embedding model, false with the embedded one]')
            [CompletionResult]::new('--rrf-k', '--rrf-k', [CompletionResultType]::ParameterName, 'Damping of reciprocal rank fusion [default: 60]')
            [CompletionResult]::new('--bm25-weight', '--bm25-weight', [CompletionResultType]::ParameterName, 'Share of the lexical score in weighted fusion [default: 0.5; with the embedded embedder 0.6, more where the question is not English]')
            [CompletionResult]::new('--sparse', '--sparse', [CompletionResultType]::ParameterName, 'Learned sparse index in hybrid search: where it has been measured to help, for every question, or not at all [default: auto]')
            [CompletionResult]::new('--rerank', '--rerank', [CompletionResultType]::ParameterName, 'What puts the passages into another order [default: none]')
            [CompletionResult]::new('--rerank-top-n', '--rerank-top-n', [CompletionResultType]::ParameterName, 'Passages that the reranker chooses from, at least --top-k [default: 20]')
            [CompletionResult]::new('--rerank-url', '--rerank-url', [CompletionResultType]::ParameterName, 'URL of a server that reranks (vLLM, llama.cpp, LiteLLM, Text Embeddings Inference, Cohere, Jina)')
            [CompletionResult]::new('--rerank-model', '--rerank-model', [CompletionResultType]::ParameterName, 'Model that reranks, as the server names it [default: none is named]')
            [CompletionResult]::new('--rerank-api-key', '--rerank-api-key', [CompletionResultType]::ParameterName, 'API key of the server that reranks')
            [CompletionResult]::new('--rerank-timeout', '--rerank-timeout', [CompletionResultType]::ParameterName, 'Longest time that a question waits for the reranker, in seconds [default: 2]')
            [CompletionResult]::new('--multihop-depth', '--multihop-depth', [CompletionResultType]::ParameterName, 'Rounds of a search in several hops [default: 2]')
            [CompletionResult]::new('--multihop-fanout', '--multihop-fanout', [CompletionResultType]::ParameterName, 'Sub-questions of a round [default: 2]')
            [CompletionResult]::new('--multihop-time', '--multihop-time', [CompletionResultType]::ParameterName, 'Longest time of all rounds together, in seconds [default: 20]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Config file [default: ./ragctl.toml, else the user''s]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours [default: auto]')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'Form of log lines: text for people, or one JSON object a line [default: text]')
            [CompletionResult]::new('--no-fallback', '--no-fallback', [CompletionResultType]::ParameterName, 'Answer 503 while the LLM is away, instead of quoting')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'More log lines (-vv: even more)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More log lines (-vv: even more)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only warnings and errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'ragctl;export' {
            [CompletionResult]::new('--data-dir', '--data-dir', [CompletionResultType]::ParameterName, 'Folder of the DBs [default: data/kb]')
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'DB of requests that name none [default: default]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Config file [default: ./ragctl.toml, else the user''s]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours [default: auto]')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'Form of log lines: text for people, or one JSON object a line [default: text]')
            [CompletionResult]::new('--replace', '--replace', [CompletionResultType]::ParameterName, 'Replace a file that is there')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'More log lines (-vv: even more)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More log lines (-vv: even more)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only warnings and errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'ragctl;import' {
            [CompletionResult]::new('--data-dir', '--data-dir', [CompletionResultType]::ParameterName, 'Folder of the DBs [default: data/kb]')
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'DB of requests that name none [default: default]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Config file [default: ./ragctl.toml, else the user''s]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours [default: auto]')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'Form of log lines: text for people, or one JSON object a line [default: text]')
            [CompletionResult]::new('--replace', '--replace', [CompletionResultType]::ParameterName, 'Replace a DB that is there')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'More log lines (-vv: even more)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More log lines (-vv: even more)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only warnings and errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'ragctl;config' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Config file [default: ./ragctl.toml, else the user''s]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours [default: auto]')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'Form of log lines: text for people, or one JSON object a line [default: text]')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'More log lines (-vv: even more)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More log lines (-vv: even more)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only warnings and errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Print every setting, its value and where it comes from')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Check the settings and say what is wrong')
            [CompletionResult]::new('example', 'example', [CompletionResultType]::ParameterValue, 'Print a config file with every setting and its default')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'ragctl;config;show' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Config file [default: ./ragctl.toml, else the user''s]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours [default: auto]')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'Form of log lines: text for people, or one JSON object a line [default: text]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print the settings as JSON')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'More log lines (-vv: even more)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More log lines (-vv: even more)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only warnings and errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'ragctl;config;check' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Config file [default: ./ragctl.toml, else the user''s]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours [default: auto]')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'Form of log lines: text for people, or one JSON object a line [default: text]')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'More log lines (-vv: even more)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More log lines (-vv: even more)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only warnings and errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'ragctl;config;example' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Config file [default: ./ragctl.toml, else the user''s]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours [default: auto]')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'Form of log lines: text for people, or one JSON object a line [default: text]')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'More log lines (-vv: even more)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More log lines (-vv: even more)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only warnings and errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'ragctl;config;help' {
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Print every setting, its value and where it comes from')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Check the settings and say what is wrong')
            [CompletionResult]::new('example', 'example', [CompletionResultType]::ParameterValue, 'Print a config file with every setting and its default')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'ragctl;config;help;show' {
            break
        }
        'ragctl;config;help;check' {
            break
        }
        'ragctl;config;help;example' {
            break
        }
        'ragctl;config;help;help' {
            break
        }
        'ragctl;completions' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Config file [default: ./ragctl.toml, else the user''s]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours [default: auto]')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'Form of log lines: text for people, or one JSON object a line [default: text]')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'More log lines (-vv: even more)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More log lines (-vv: even more)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only warnings and errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'ragctl;man' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Config file [default: ./ragctl.toml, else the user''s]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours [default: auto]')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'Form of log lines: text for people, or one JSON object a line [default: text]')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'More log lines (-vv: even more)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More log lines (-vv: even more)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only warnings and errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'ragctl;ingest' {
            [CompletionResult]::new('--data-dir', '--data-dir', [CompletionResultType]::ParameterName, 'Folder of the DBs [default: data/kb]')
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'DB of requests that name none [default: default]')
            [CompletionResult]::new('--chunk-size', '--chunk-size', [CompletionResultType]::ParameterName, 'Largest chunk, in characters [default: 800]')
            [CompletionResult]::new('--chunk-overlap', '--chunk-overlap', [CompletionResultType]::ParameterName, 'Characters that neighbouring chunks may share, at most half of the chunk size [default: 120]')
            [CompletionResult]::new('--metadata-rule', '--metadata-rule', [CompletionResultType]::ParameterName, 'Metadata of documents by their names')
            [CompletionResult]::new('--ocr-command', '--ocr-command', [CompletionResultType]::ParameterName, 'Program that recognises text in PDFs with pages of images')
            [CompletionResult]::new('--ocr-timeout', '--ocr-timeout', [CompletionResultType]::ParameterName, 'Longest time for one scan, in seconds [default: 300]')
            [CompletionResult]::new('--provider', '--provider', [CompletionResultType]::ParameterName, 'Who answers, and embeds if it can [default: auto]')
            [CompletionResult]::new('--ollama-url', '--ollama-url', [CompletionResultType]::ParameterName, 'URL of the Ollama server [default: http://localhost:11434]')
            [CompletionResult]::new('--llm-model', '--llm-model', [CompletionResultType]::ParameterName, 'Name of the LLM at Ollama [default: llama3.1:8b]')
            [CompletionResult]::new('--embed-model', '--embed-model', [CompletionResultType]::ParameterName, 'Name of the embedding model at Ollama, or the folder of a model2vec model [default: nomic-embed-text]')
            [CompletionResult]::new('--openai-base-url', '--openai-base-url', [CompletionResultType]::ParameterName, 'URL of the OpenAI-compatible server, usually ending in /v1 [default: https://api.openai.com/v1]')
            [CompletionResult]::new('--openai-api-key', '--openai-api-key', [CompletionResultType]::ParameterName, 'API key of the OpenAI-compatible server')
            [CompletionResult]::new('--openai-model', '--openai-model', [CompletionResultType]::ParameterName, 'Name of the LLM at the OpenAI-compatible server [default: gpt-4o-mini]')
            [CompletionResult]::new('--openai-embed-model', '--openai-embed-model', [CompletionResultType]::ParameterName, 'Name of the embedding model at the OpenAI-compatible server [default: text-embedding-3-small]')
            [CompletionResult]::new('--connect-timeout', '--connect-timeout', [CompletionResultType]::ParameterName, 'Longest wait for a connection to an LLM server, in seconds [default: 5]')
            [CompletionResult]::new('--read-timeout', '--read-timeout', [CompletionResultType]::ParameterName, 'Longest silence of an LLM server, in seconds [default: 180]')
            [CompletionResult]::new('--openai-connect-timeout', '--openai-connect-timeout', [CompletionResultType]::ParameterName, 'Longest wait for a connection to the OpenAI-compatible server, in seconds [default: that of --connect-timeout]')
            [CompletionResult]::new('--openai-read-timeout', '--openai-read-timeout', [CompletionResultType]::ParameterName, 'Longest silence of the OpenAI-compatible server, in seconds [default: that of --read-timeout]')
            [CompletionResult]::new('--upstream', '--upstream', [CompletionResultType]::ParameterName, 'LLM servers that are asked one after another until one answers, instead of that of the settings above [default: the server of the settings above]')
            [CompletionResult]::new('--upstream-order', '--upstream-order', [CompletionResultType]::ParameterName, 'Which of several upstreams is asked first [default: listed]')
            [CompletionResult]::new('--embedder', '--embedder', [CompletionResultType]::ParameterName, 'Who embeds [default: auto]')
            [CompletionResult]::new('--embed-url', '--embed-url', [CompletionResultType]::ParameterName, 'URL of the server that embeds, when it is another than the LLM''s [default: that of the LLM server]')
            [CompletionResult]::new('--embed-api-key', '--embed-api-key', [CompletionResultType]::ParameterName, 'API key of the server that embeds [default: that of the LLM server]')
            [CompletionResult]::new('--url', '--url', [CompletionResultType]::ParameterName, 'URL of a server that ingests instead; it resolves the paths on its machine')
            [CompletionResult]::new('--label', '--label', [CompletionResultType]::ParameterName, 'Label of these documents; questions can be limited to it')
            [CompletionResult]::new('--metadata', '--metadata', [CompletionResultType]::ParameterName, 'Metadata of these documents, like team=legal or ''{"year": 2026}''; may be repeated')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print the report as JSON on stdout')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Config file [default: ./ragctl.toml, else the user''s]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours [default: auto]')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'Form of log lines: text for people, or one JSON object a line [default: text]')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'More log lines (-vv: even more)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More log lines (-vv: even more)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only warnings and errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'ragctl;docs' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Config file [default: ./ragctl.toml, else the user''s]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours [default: auto]')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'Form of log lines: text for people, or one JSON object a line [default: text]')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'More log lines (-vv: even more)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More log lines (-vv: even more)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only warnings and errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the documents of a DB')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show a document: its headings, its pages, how well it could be read')
            [CompletionResult]::new('delete', 'delete', [CompletionResultType]::ParameterValue, 'Remove documents from a DB')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'ragctl;docs;list' {
            [CompletionResult]::new('--data-dir', '--data-dir', [CompletionResultType]::ParameterName, 'Folder of the DBs [default: data/kb]')
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'DB of requests that name none [default: default]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Only documents of this format, like pdf')
            [CompletionResult]::new('--language', '--language', [CompletionResultType]::ParameterName, 'Only documents in this language, like de')
            [CompletionResult]::new('--label', '--label', [CompletionResultType]::ParameterName, 'Only documents with this label')
            [CompletionResult]::new('--sort', '--sort', [CompletionResultType]::ParameterName, 'What they are sorted by')
            [CompletionResult]::new('--descending', '--descending', [CompletionResultType]::ParameterName, 'The largest, latest or last first')
            [CompletionResult]::new('--offset', '--offset', [CompletionResultType]::ParameterName, 'Documents that are passed over')
            [CompletionResult]::new('--limit', '--limit', [CompletionResultType]::ParameterName, 'Documents at most; all by default')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print the list as JSON')
            [CompletionResult]::new('--url', '--url', [CompletionResultType]::ParameterName, 'URL of a server to ask instead of the local data')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Config file [default: ./ragctl.toml, else the user''s]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours [default: auto]')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'Form of log lines: text for people, or one JSON object a line [default: text]')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'More log lines (-vv: even more)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More log lines (-vv: even more)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only warnings and errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'ragctl;docs;show' {
            [CompletionResult]::new('--data-dir', '--data-dir', [CompletionResultType]::ParameterName, 'Folder of the DBs [default: data/kb]')
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'DB of requests that name none [default: default]')
            [CompletionResult]::new('--text', '--text', [CompletionResultType]::ParameterName, 'Print its text instead')
            [CompletionResult]::new('--start', '--start', [CompletionResultType]::ParameterName, 'First character of the text that is printed, from 0')
            [CompletionResult]::new('--end', '--end', [CompletionResultType]::ParameterName, 'Character behind the last that is printed')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print it as JSON')
            [CompletionResult]::new('--url', '--url', [CompletionResultType]::ParameterName, 'URL of a server to ask instead of the local data')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Config file [default: ./ragctl.toml, else the user''s]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours [default: auto]')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'Form of log lines: text for people, or one JSON object a line [default: text]')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'More log lines (-vv: even more)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More log lines (-vv: even more)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only warnings and errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'ragctl;docs;delete' {
            [CompletionResult]::new('--data-dir', '--data-dir', [CompletionResultType]::ParameterName, 'Folder of the DBs [default: data/kb]')
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'DB of requests that name none [default: default]')
            [CompletionResult]::new('--url', '--url', [CompletionResultType]::ParameterName, 'URL of a server to ask instead of the local data')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Config file [default: ./ragctl.toml, else the user''s]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours [default: auto]')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'Form of log lines: text for people, or one JSON object a line [default: text]')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'More log lines (-vv: even more)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More log lines (-vv: even more)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only warnings and errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'ragctl;docs;help' {
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the documents of a DB')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show a document: its headings, its pages, how well it could be read')
            [CompletionResult]::new('delete', 'delete', [CompletionResultType]::ParameterValue, 'Remove documents from a DB')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'ragctl;docs;help;list' {
            break
        }
        'ragctl;docs;help;show' {
            break
        }
        'ragctl;docs;help;delete' {
            break
        }
        'ragctl;docs;help;help' {
            break
        }
        'ragctl;sync' {
            [CompletionResult]::new('--data-dir', '--data-dir', [CompletionResultType]::ParameterName, 'Folder of the DBs [default: data/kb]')
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'DB of requests that name none [default: default]')
            [CompletionResult]::new('--chunk-size', '--chunk-size', [CompletionResultType]::ParameterName, 'Largest chunk, in characters [default: 800]')
            [CompletionResult]::new('--chunk-overlap', '--chunk-overlap', [CompletionResultType]::ParameterName, 'Characters that neighbouring chunks may share, at most half of the chunk size [default: 120]')
            [CompletionResult]::new('--metadata-rule', '--metadata-rule', [CompletionResultType]::ParameterName, 'Metadata of documents by their names')
            [CompletionResult]::new('--provider', '--provider', [CompletionResultType]::ParameterName, 'Who answers, and embeds if it can [default: auto]')
            [CompletionResult]::new('--ollama-url', '--ollama-url', [CompletionResultType]::ParameterName, 'URL of the Ollama server [default: http://localhost:11434]')
            [CompletionResult]::new('--llm-model', '--llm-model', [CompletionResultType]::ParameterName, 'Name of the LLM at Ollama [default: llama3.1:8b]')
            [CompletionResult]::new('--embed-model', '--embed-model', [CompletionResultType]::ParameterName, 'Name of the embedding model at Ollama, or the folder of a model2vec model [default: nomic-embed-text]')
            [CompletionResult]::new('--openai-base-url', '--openai-base-url', [CompletionResultType]::ParameterName, 'URL of the OpenAI-compatible server, usually ending in /v1 [default: https://api.openai.com/v1]')
            [CompletionResult]::new('--openai-api-key', '--openai-api-key', [CompletionResultType]::ParameterName, 'API key of the OpenAI-compatible server')
            [CompletionResult]::new('--openai-model', '--openai-model', [CompletionResultType]::ParameterName, 'Name of the LLM at the OpenAI-compatible server [default: gpt-4o-mini]')
            [CompletionResult]::new('--openai-embed-model', '--openai-embed-model', [CompletionResultType]::ParameterName, 'Name of the embedding model at the OpenAI-compatible server [default: text-embedding-3-small]')
            [CompletionResult]::new('--connect-timeout', '--connect-timeout', [CompletionResultType]::ParameterName, 'Longest wait for a connection to an LLM server, in seconds [default: 5]')
            [CompletionResult]::new('--read-timeout', '--read-timeout', [CompletionResultType]::ParameterName, 'Longest silence of an LLM server, in seconds [default: 180]')
            [CompletionResult]::new('--openai-connect-timeout', '--openai-connect-timeout', [CompletionResultType]::ParameterName, 'Longest wait for a connection to the OpenAI-compatible server, in seconds [default: that of --connect-timeout]')
            [CompletionResult]::new('--openai-read-timeout', '--openai-read-timeout', [CompletionResultType]::ParameterName, 'Longest silence of the OpenAI-compatible server, in seconds [default: that of --read-timeout]')
            [CompletionResult]::new('--upstream', '--upstream', [CompletionResultType]::ParameterName, 'LLM servers that are asked one after another until one answers, instead of that of the settings above [default: the server of the settings above]')
            [CompletionResult]::new('--upstream-order', '--upstream-order', [CompletionResultType]::ParameterName, 'Which of several upstreams is asked first [default: listed]')
            [CompletionResult]::new('--embedder', '--embedder', [CompletionResultType]::ParameterName, 'Who embeds [default: auto]')
            [CompletionResult]::new('--embed-url', '--embed-url', [CompletionResultType]::ParameterName, 'URL of the server that embeds, when it is another than the LLM''s [default: that of the LLM server]')
            [CompletionResult]::new('--embed-api-key', '--embed-api-key', [CompletionResultType]::ParameterName, 'API key of the server that embeds [default: that of the LLM server]')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Only say what would be done')
            [CompletionResult]::new('--allow-mass-delete', '--allow-mass-delete', [CompletionResultType]::ParameterName, 'Delete even most of the documents, or all of them')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Config file [default: ./ragctl.toml, else the user''s]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours [default: auto]')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'Form of log lines: text for people, or one JSON object a line [default: text]')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'More log lines (-vv: even more)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More log lines (-vv: even more)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only warnings and errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'ragctl;query' {
            [CompletionResult]::new('--data-dir', '--data-dir', [CompletionResultType]::ParameterName, 'Folder of the DBs [default: data/kb]')
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'DB of requests that name none [default: default]')
            [CompletionResult]::new('--provider', '--provider', [CompletionResultType]::ParameterName, 'Who answers, and embeds if it can [default: auto]')
            [CompletionResult]::new('--ollama-url', '--ollama-url', [CompletionResultType]::ParameterName, 'URL of the Ollama server [default: http://localhost:11434]')
            [CompletionResult]::new('--llm-model', '--llm-model', [CompletionResultType]::ParameterName, 'Name of the LLM at Ollama [default: llama3.1:8b]')
            [CompletionResult]::new('--embed-model', '--embed-model', [CompletionResultType]::ParameterName, 'Name of the embedding model at Ollama, or the folder of a model2vec model [default: nomic-embed-text]')
            [CompletionResult]::new('--openai-base-url', '--openai-base-url', [CompletionResultType]::ParameterName, 'URL of the OpenAI-compatible server, usually ending in /v1 [default: https://api.openai.com/v1]')
            [CompletionResult]::new('--openai-api-key', '--openai-api-key', [CompletionResultType]::ParameterName, 'API key of the OpenAI-compatible server')
            [CompletionResult]::new('--openai-model', '--openai-model', [CompletionResultType]::ParameterName, 'Name of the LLM at the OpenAI-compatible server [default: gpt-4o-mini]')
            [CompletionResult]::new('--openai-embed-model', '--openai-embed-model', [CompletionResultType]::ParameterName, 'Name of the embedding model at the OpenAI-compatible server [default: text-embedding-3-small]')
            [CompletionResult]::new('--connect-timeout', '--connect-timeout', [CompletionResultType]::ParameterName, 'Longest wait for a connection to an LLM server, in seconds [default: 5]')
            [CompletionResult]::new('--read-timeout', '--read-timeout', [CompletionResultType]::ParameterName, 'Longest silence of an LLM server, in seconds [default: 180]')
            [CompletionResult]::new('--openai-connect-timeout', '--openai-connect-timeout', [CompletionResultType]::ParameterName, 'Longest wait for a connection to the OpenAI-compatible server, in seconds [default: that of --connect-timeout]')
            [CompletionResult]::new('--openai-read-timeout', '--openai-read-timeout', [CompletionResultType]::ParameterName, 'Longest silence of the OpenAI-compatible server, in seconds [default: that of --read-timeout]')
            [CompletionResult]::new('--upstream', '--upstream', [CompletionResultType]::ParameterName, 'LLM servers that are asked one after another until one answers, instead of that of the settings above [default: the server of the settings above]')
            [CompletionResult]::new('--upstream-order', '--upstream-order', [CompletionResultType]::ParameterName, 'Which of several upstreams is asked first [default: listed]')
            [CompletionResult]::new('--embedder', '--embedder', [CompletionResultType]::ParameterName, 'Who embeds [default: auto]')
            [CompletionResult]::new('--embed-url', '--embed-url', [CompletionResultType]::ParameterName, 'URL of the server that embeds, when it is another than the LLM''s [default: that of the LLM server]')
            [CompletionResult]::new('--embed-api-key', '--embed-api-key', [CompletionResultType]::ParameterName, 'API key of the server that embeds [default: that of the LLM server]')
            [CompletionResult]::new('--max-tokens', '--max-tokens', [CompletionResultType]::ParameterName, 'Most tokens of an answer [default: 1024]')
            [CompletionResult]::new('--temperature', '--temperature', [CompletionResultType]::ParameterName, 'Randomness of answers [default: the server''s]')
            [CompletionResult]::new('--top-p', '--top-p', [CompletionResultType]::ParameterName, 'Share of the likeliest tokens that the model chooses from [default: the server''s]')
            [CompletionResult]::new('--seed', '--seed', [CompletionResultType]::ParameterName, 'Seed with which a server gives the same answer again, as far as it can')
            [CompletionResult]::new('--stop', '--stop', [CompletionResultType]::ParameterName, 'Texts at which an answer ends')
            [CompletionResult]::new('--num-ctx', '--num-ctx', [CompletionResultType]::ParameterName, 'Tokens of prompt and answer together [default: Ollama: as large as the prompt needs; others: not known]')
            [CompletionResult]::new('--num-thread', '--num-thread', [CompletionResultType]::ParameterName, 'Threads of Ollama [default: Ollama''s]')
            [CompletionResult]::new('--num-gpu', '--num-gpu', [CompletionResultType]::ParameterName, 'Layers that Ollama puts on the GPU [default: Ollama''s]')
            [CompletionResult]::new('--keep-alive', '--keep-alive', [CompletionResultType]::ParameterName, 'How long Ollama keeps the model loaded, like 10m [default: Ollama''s]')
            [CompletionResult]::new('--reasoning', '--reasoning', [CompletionResultType]::ParameterName, 'How much a model that can reason does so before it answers [default: the model''s]')
            [CompletionResult]::new('--extra', '--extra', [CompletionResultType]::ParameterName, 'Further fields of requests to the LLM server, passed on as they are')
            [CompletionResult]::new('--prompts', '--prompts', [CompletionResultType]::ParameterName, 'Folder of prompts that replace built-in ones of the same file name, like answer.en.txt [default: the built-in ones]')
            [CompletionResult]::new('--condense', '--condense', [CompletionResultType]::ParameterName, 'Who makes a follow-up question stand alone [default: auto]')
            [CompletionResult]::new('--fallback', '--fallback', [CompletionResultType]::ParameterName, 'Quote passages without the LLM, and search words without vectors, while a model is unavailable [default: true]')
            [CompletionResult]::new('--unsupported', '--unsupported', [CompletionResultType]::ParameterName, 'What becomes of an LLM''s answer that nothing in the documents supports [default: mark]')
            [CompletionResult]::new('--request-timeout', '--request-timeout', [CompletionResultType]::ParameterName, 'Longest time that a question may take, in seconds [default: 600]')
            [CompletionResult]::new('--first-token-timeout', '--first-token-timeout', [CompletionResultType]::ParameterName, 'Longest wait for the first token of a model that is loaded, in seconds [default: 30]')
            [CompletionResult]::new('--load-timeout', '--load-timeout', [CompletionResultType]::ParameterName, 'Longest wait for the first token of a model that is being loaded, in seconds [default: 300]')
            [CompletionResult]::new('--idle-timeout', '--idle-timeout', [CompletionResultType]::ParameterName, 'Longest pause between two tokens, in seconds [default: 30]')
            [CompletionResult]::new('--max-retries', '--max-retries', [CompletionResultType]::ParameterName, 'Attempts after the first, as far as the retry budget allows [default: 3]')
            [CompletionResult]::new('--retry-backoff', '--retry-backoff', [CompletionResultType]::ParameterName, 'Longest wait before the first retry, in seconds [default: 0.6]')
            [CompletionResult]::new('--openai-max-retries', '--openai-max-retries', [CompletionResultType]::ParameterName, 'Attempts after the first at the OpenAI-compatible server [default: that of --max-retries]')
            [CompletionResult]::new('--openai-retry-backoff', '--openai-retry-backoff', [CompletionResultType]::ParameterName, 'Longest wait before the first retry at the OpenAI-compatible server, in seconds [default: that of --retry-backoff]')
            [CompletionResult]::new('--breaker', '--breaker', [CompletionResultType]::ParameterName, 'Stop calling an upstream for a while when it fails too often [default: true]')
            [CompletionResult]::new('--breaker-failures', '--breaker-failures', [CompletionResultType]::ParameterName, 'Failures in a row that open the circuit breaker [default: 5]')
            [CompletionResult]::new('--breaker-window', '--breaker-window', [CompletionResultType]::ParameterName, 'Calls within a minute from which a failure rate of 50 % opens the breaker [default: 10]')
            [CompletionResult]::new('--breaker-timeout', '--breaker-timeout', [CompletionResultType]::ParameterName, 'How long the breaker stays open at first, in seconds [default: 30]')
            [CompletionResult]::new('--breaker-successes', '--breaker-successes', [CompletionResultType]::ParameterName, 'Successful trial calls that close the breaker [default: 2]')
            [CompletionResult]::new('--breaker-probes', '--breaker-probes', [CompletionResultType]::ParameterName, 'Most trial calls at once while the breaker is half open [default: 3]')
            [CompletionResult]::new('--pool-connections', '--pool-connections', [CompletionResultType]::ParameterName, 'No effect, only shown in the metrics: connections are opened when they are needed [default: 15]')
            [CompletionResult]::new('--pool-maxsize', '--pool-maxsize', [CompletionResultType]::ParameterName, 'Most calls to an upstream at once [default: 30]')
            [CompletionResult]::new('--pool-block', '--pool-block', [CompletionResultType]::ParameterName, 'Let calls beyond --pool-maxsize wait [default: true]')
            [CompletionResult]::new('--pool-queue', '--pool-queue', [CompletionResultType]::ParameterName, 'Most calls that wait for a connection [default: 1000]')
            [CompletionResult]::new('--pool-max-keepalive', '--pool-max-keepalive', [CompletionResultType]::ParameterName, 'Most idle connections that are kept [default: 30]')
            [CompletionResult]::new('--pool-keepalive-expiry', '--pool-keepalive-expiry', [CompletionResultType]::ParameterName, 'How long an idle connection is kept, in seconds [default: 30]')
            [CompletionResult]::new('--method', '--method', [CompletionResultType]::ParameterName, 'Search method of questions that name none [default: hybrid]')
            [CompletionResult]::new('-k', '-k', [CompletionResultType]::ParameterName, 'Passages that an answer is made from [default: 5]')
            [CompletionResult]::new('--top-k', '--top-k', [CompletionResultType]::ParameterName, 'Passages that an answer is made from [default: 5]')
            [CompletionResult]::new('--rrf', '--rrf', [CompletionResultType]::ParameterName, 'Fuse by reciprocal rank instead of weighted scores [default: true with an embedding model, false with the embedded one]')
            [CompletionResult]::new('--rrf-k', '--rrf-k', [CompletionResultType]::ParameterName, 'Damping of reciprocal rank fusion [default: 60]')
            [CompletionResult]::new('--bm25-weight', '--bm25-weight', [CompletionResultType]::ParameterName, 'Share of the lexical score in weighted fusion [default: 0.5; with the embedded embedder 0.6, more where the question is not English]')
            [CompletionResult]::new('--sparse', '--sparse', [CompletionResultType]::ParameterName, 'Learned sparse index in hybrid search: where it has been measured to help, for every question, or not at all [default: auto]')
            [CompletionResult]::new('--rerank', '--rerank', [CompletionResultType]::ParameterName, 'What puts the passages into another order [default: none]')
            [CompletionResult]::new('--rerank-top-n', '--rerank-top-n', [CompletionResultType]::ParameterName, 'Passages that the reranker chooses from, at least --top-k [default: 20]')
            [CompletionResult]::new('--rerank-url', '--rerank-url', [CompletionResultType]::ParameterName, 'URL of a server that reranks (vLLM, llama.cpp, LiteLLM, Text Embeddings Inference, Cohere, Jina)')
            [CompletionResult]::new('--rerank-model', '--rerank-model', [CompletionResultType]::ParameterName, 'Model that reranks, as the server names it [default: none is named]')
            [CompletionResult]::new('--rerank-api-key', '--rerank-api-key', [CompletionResultType]::ParameterName, 'API key of the server that reranks')
            [CompletionResult]::new('--rerank-timeout', '--rerank-timeout', [CompletionResultType]::ParameterName, 'Longest time that a question waits for the reranker, in seconds [default: 2]')
            [CompletionResult]::new('--multihop-depth', '--multihop-depth', [CompletionResultType]::ParameterName, 'Rounds of a search in several hops [default: 2]')
            [CompletionResult]::new('--multihop-fanout', '--multihop-fanout', [CompletionResultType]::ParameterName, 'Sub-questions of a round [default: 2]')
            [CompletionResult]::new('--multihop-time', '--multihop-time', [CompletionResultType]::ParameterName, 'Longest time of all rounds together, in seconds [default: 20]')
            [CompletionResult]::new('--url', '--url', [CompletionResultType]::ParameterName, 'URL of a server to ask instead of the local data')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print the whole answer as JSON on stdout')
            [CompletionResult]::new('--quotes', '--quotes', [CompletionResultType]::ParameterName, 'Print below each source what the answer quotes of it')
            [CompletionResult]::new('--explain', '--explain', [CompletionResultType]::ParameterName, 'Print what each stage of the search did, and what each method says of the sources')
            [CompletionResult]::new('--multihop', '--multihop', [CompletionResultType]::ParameterName, 'Search in several hops: what is found says what to look for next')
            [CompletionResult]::new('--language', '--language', [CompletionResultType]::ParameterName, 'Search only passages in these languages, like en,de')
            [CompletionResult]::new('--label', '--label', [CompletionResultType]::ParameterName, 'Search only documents with this label; may be repeated')
            [CompletionResult]::new('--filter', '--filter', [CompletionResultType]::ParameterName, 'Search only documents that a filter means, in JSON as the API takes it')
            [CompletionResult]::new('--where', '--where', [CompletionResultType]::ParameterName, 'Search only documents with this, like team=legal or year>=2024; may be repeated')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Config file [default: ./ragctl.toml, else the user''s]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours [default: auto]')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'Form of log lines: text for people, or one JSON object a line [default: text]')
            [CompletionResult]::new('--no-fallback', '--no-fallback', [CompletionResultType]::ParameterName, 'Answer 503 while the LLM is away, instead of quoting')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'More log lines (-vv: even more)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More log lines (-vv: even more)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only warnings and errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'ragctl;search' {
            [CompletionResult]::new('--data-dir', '--data-dir', [CompletionResultType]::ParameterName, 'Folder of the DBs [default: data/kb]')
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'DB of requests that name none [default: default]')
            [CompletionResult]::new('--provider', '--provider', [CompletionResultType]::ParameterName, 'Who answers, and embeds if it can [default: auto]')
            [CompletionResult]::new('--ollama-url', '--ollama-url', [CompletionResultType]::ParameterName, 'URL of the Ollama server [default: http://localhost:11434]')
            [CompletionResult]::new('--llm-model', '--llm-model', [CompletionResultType]::ParameterName, 'Name of the LLM at Ollama [default: llama3.1:8b]')
            [CompletionResult]::new('--embed-model', '--embed-model', [CompletionResultType]::ParameterName, 'Name of the embedding model at Ollama, or the folder of a model2vec model [default: nomic-embed-text]')
            [CompletionResult]::new('--openai-base-url', '--openai-base-url', [CompletionResultType]::ParameterName, 'URL of the OpenAI-compatible server, usually ending in /v1 [default: https://api.openai.com/v1]')
            [CompletionResult]::new('--openai-api-key', '--openai-api-key', [CompletionResultType]::ParameterName, 'API key of the OpenAI-compatible server')
            [CompletionResult]::new('--openai-model', '--openai-model', [CompletionResultType]::ParameterName, 'Name of the LLM at the OpenAI-compatible server [default: gpt-4o-mini]')
            [CompletionResult]::new('--openai-embed-model', '--openai-embed-model', [CompletionResultType]::ParameterName, 'Name of the embedding model at the OpenAI-compatible server [default: text-embedding-3-small]')
            [CompletionResult]::new('--connect-timeout', '--connect-timeout', [CompletionResultType]::ParameterName, 'Longest wait for a connection to an LLM server, in seconds [default: 5]')
            [CompletionResult]::new('--read-timeout', '--read-timeout', [CompletionResultType]::ParameterName, 'Longest silence of an LLM server, in seconds [default: 180]')
            [CompletionResult]::new('--openai-connect-timeout', '--openai-connect-timeout', [CompletionResultType]::ParameterName, 'Longest wait for a connection to the OpenAI-compatible server, in seconds [default: that of --connect-timeout]')
            [CompletionResult]::new('--openai-read-timeout', '--openai-read-timeout', [CompletionResultType]::ParameterName, 'Longest silence of the OpenAI-compatible server, in seconds [default: that of --read-timeout]')
            [CompletionResult]::new('--upstream', '--upstream', [CompletionResultType]::ParameterName, 'LLM servers that are asked one after another until one answers, instead of that of the settings above [default: the server of the settings above]')
            [CompletionResult]::new('--upstream-order', '--upstream-order', [CompletionResultType]::ParameterName, 'Which of several upstreams is asked first [default: listed]')
            [CompletionResult]::new('--embedder', '--embedder', [CompletionResultType]::ParameterName, 'Who embeds [default: auto]')
            [CompletionResult]::new('--embed-url', '--embed-url', [CompletionResultType]::ParameterName, 'URL of the server that embeds, when it is another than the LLM''s [default: that of the LLM server]')
            [CompletionResult]::new('--embed-api-key', '--embed-api-key', [CompletionResultType]::ParameterName, 'API key of the server that embeds [default: that of the LLM server]')
            [CompletionResult]::new('--fallback', '--fallback', [CompletionResultType]::ParameterName, 'Quote passages without the LLM, and search words without vectors, while a model is unavailable [default: true]')
            [CompletionResult]::new('--unsupported', '--unsupported', [CompletionResultType]::ParameterName, 'What becomes of an LLM''s answer that nothing in the documents supports [default: mark]')
            [CompletionResult]::new('--request-timeout', '--request-timeout', [CompletionResultType]::ParameterName, 'Longest time that a question may take, in seconds [default: 600]')
            [CompletionResult]::new('--first-token-timeout', '--first-token-timeout', [CompletionResultType]::ParameterName, 'Longest wait for the first token of a model that is loaded, in seconds [default: 30]')
            [CompletionResult]::new('--load-timeout', '--load-timeout', [CompletionResultType]::ParameterName, 'Longest wait for the first token of a model that is being loaded, in seconds [default: 300]')
            [CompletionResult]::new('--idle-timeout', '--idle-timeout', [CompletionResultType]::ParameterName, 'Longest pause between two tokens, in seconds [default: 30]')
            [CompletionResult]::new('--max-retries', '--max-retries', [CompletionResultType]::ParameterName, 'Attempts after the first, as far as the retry budget allows [default: 3]')
            [CompletionResult]::new('--retry-backoff', '--retry-backoff', [CompletionResultType]::ParameterName, 'Longest wait before the first retry, in seconds [default: 0.6]')
            [CompletionResult]::new('--openai-max-retries', '--openai-max-retries', [CompletionResultType]::ParameterName, 'Attempts after the first at the OpenAI-compatible server [default: that of --max-retries]')
            [CompletionResult]::new('--openai-retry-backoff', '--openai-retry-backoff', [CompletionResultType]::ParameterName, 'Longest wait before the first retry at the OpenAI-compatible server, in seconds [default: that of --retry-backoff]')
            [CompletionResult]::new('--breaker', '--breaker', [CompletionResultType]::ParameterName, 'Stop calling an upstream for a while when it fails too often [default: true]')
            [CompletionResult]::new('--breaker-failures', '--breaker-failures', [CompletionResultType]::ParameterName, 'Failures in a row that open the circuit breaker [default: 5]')
            [CompletionResult]::new('--breaker-window', '--breaker-window', [CompletionResultType]::ParameterName, 'Calls within a minute from which a failure rate of 50 % opens the breaker [default: 10]')
            [CompletionResult]::new('--breaker-timeout', '--breaker-timeout', [CompletionResultType]::ParameterName, 'How long the breaker stays open at first, in seconds [default: 30]')
            [CompletionResult]::new('--breaker-successes', '--breaker-successes', [CompletionResultType]::ParameterName, 'Successful trial calls that close the breaker [default: 2]')
            [CompletionResult]::new('--breaker-probes', '--breaker-probes', [CompletionResultType]::ParameterName, 'Most trial calls at once while the breaker is half open [default: 3]')
            [CompletionResult]::new('--pool-connections', '--pool-connections', [CompletionResultType]::ParameterName, 'No effect, only shown in the metrics: connections are opened when they are needed [default: 15]')
            [CompletionResult]::new('--pool-maxsize', '--pool-maxsize', [CompletionResultType]::ParameterName, 'Most calls to an upstream at once [default: 30]')
            [CompletionResult]::new('--pool-block', '--pool-block', [CompletionResultType]::ParameterName, 'Let calls beyond --pool-maxsize wait [default: true]')
            [CompletionResult]::new('--pool-queue', '--pool-queue', [CompletionResultType]::ParameterName, 'Most calls that wait for a connection [default: 1000]')
            [CompletionResult]::new('--pool-max-keepalive', '--pool-max-keepalive', [CompletionResultType]::ParameterName, 'Most idle connections that are kept [default: 30]')
            [CompletionResult]::new('--pool-keepalive-expiry', '--pool-keepalive-expiry', [CompletionResultType]::ParameterName, 'How long an idle connection is kept, in seconds [default: 30]')
            [CompletionResult]::new('--method', '--method', [CompletionResultType]::ParameterName, 'Search method of questions that name none [default: hybrid]')
            [CompletionResult]::new('-k', '-k', [CompletionResultType]::ParameterName, 'Passages that an answer is made from [default: 5]')
            [CompletionResult]::new('--top-k', '--top-k', [CompletionResultType]::ParameterName, 'Passages that an answer is made from [default: 5]')
            [CompletionResult]::new('--rrf', '--rrf', [CompletionResultType]::ParameterName, 'Fuse by reciprocal rank instead of weighted scores [default: true with an embedding model, false with the embedded one]')
            [CompletionResult]::new('--rrf-k', '--rrf-k', [CompletionResultType]::ParameterName, 'Damping of reciprocal rank fusion [default: 60]')
            [CompletionResult]::new('--bm25-weight', '--bm25-weight', [CompletionResultType]::ParameterName, 'Share of the lexical score in weighted fusion [default: 0.5; with the embedded embedder 0.6, more where the question is not English]')
            [CompletionResult]::new('--sparse', '--sparse', [CompletionResultType]::ParameterName, 'Learned sparse index in hybrid search: where it has been measured to help, for every question, or not at all [default: auto]')
            [CompletionResult]::new('--rerank', '--rerank', [CompletionResultType]::ParameterName, 'What puts the passages into another order [default: none]')
            [CompletionResult]::new('--rerank-top-n', '--rerank-top-n', [CompletionResultType]::ParameterName, 'Passages that the reranker chooses from, at least --top-k [default: 20]')
            [CompletionResult]::new('--rerank-url', '--rerank-url', [CompletionResultType]::ParameterName, 'URL of a server that reranks (vLLM, llama.cpp, LiteLLM, Text Embeddings Inference, Cohere, Jina)')
            [CompletionResult]::new('--rerank-model', '--rerank-model', [CompletionResultType]::ParameterName, 'Model that reranks, as the server names it [default: none is named]')
            [CompletionResult]::new('--rerank-api-key', '--rerank-api-key', [CompletionResultType]::ParameterName, 'API key of the server that reranks')
            [CompletionResult]::new('--rerank-timeout', '--rerank-timeout', [CompletionResultType]::ParameterName, 'Longest time that a question waits for the reranker, in seconds [default: 2]')
            [CompletionResult]::new('--url', '--url', [CompletionResultType]::ParameterName, 'URL of a server to ask instead of the local data')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print everything as JSON on stdout')
            [CompletionResult]::new('--text', '--text', [CompletionResultType]::ParameterName, 'Print whole passages instead of their beginnings')
            [CompletionResult]::new('--language', '--language', [CompletionResultType]::ParameterName, 'Search only passages in these languages, like en,de')
            [CompletionResult]::new('--label', '--label', [CompletionResultType]::ParameterName, 'Search only documents with this label; may be repeated')
            [CompletionResult]::new('--filter', '--filter', [CompletionResultType]::ParameterName, 'Search only documents that a filter means, in JSON as the API takes it')
            [CompletionResult]::new('--where', '--where', [CompletionResultType]::ParameterName, 'Search only documents with this, like team=legal or year>=2024; may be repeated')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Config file [default: ./ragctl.toml, else the user''s]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours [default: auto]')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'Form of log lines: text for people, or one JSON object a line [default: text]')
            [CompletionResult]::new('--no-fallback', '--no-fallback', [CompletionResultType]::ParameterName, 'Answer 503 while the LLM is away, instead of quoting')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'More log lines (-vv: even more)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More log lines (-vv: even more)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only warnings and errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'ragctl;reindex' {
            [CompletionResult]::new('--data-dir', '--data-dir', [CompletionResultType]::ParameterName, 'Folder of the DBs [default: data/kb]')
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'DB of requests that name none [default: default]')
            [CompletionResult]::new('--chunk-size', '--chunk-size', [CompletionResultType]::ParameterName, 'Largest chunk, in characters [default: 800]')
            [CompletionResult]::new('--chunk-overlap', '--chunk-overlap', [CompletionResultType]::ParameterName, 'Characters that neighbouring chunks may share, at most half of the chunk size [default: 120]')
            [CompletionResult]::new('--metadata-rule', '--metadata-rule', [CompletionResultType]::ParameterName, 'Metadata of documents by their names')
            [CompletionResult]::new('--provider', '--provider', [CompletionResultType]::ParameterName, 'Who answers, and embeds if it can [default: auto]')
            [CompletionResult]::new('--ollama-url', '--ollama-url', [CompletionResultType]::ParameterName, 'URL of the Ollama server [default: http://localhost:11434]')
            [CompletionResult]::new('--llm-model', '--llm-model', [CompletionResultType]::ParameterName, 'Name of the LLM at Ollama [default: llama3.1:8b]')
            [CompletionResult]::new('--embed-model', '--embed-model', [CompletionResultType]::ParameterName, 'Name of the embedding model at Ollama, or the folder of a model2vec model [default: nomic-embed-text]')
            [CompletionResult]::new('--openai-base-url', '--openai-base-url', [CompletionResultType]::ParameterName, 'URL of the OpenAI-compatible server, usually ending in /v1 [default: https://api.openai.com/v1]')
            [CompletionResult]::new('--openai-api-key', '--openai-api-key', [CompletionResultType]::ParameterName, 'API key of the OpenAI-compatible server')
            [CompletionResult]::new('--openai-model', '--openai-model', [CompletionResultType]::ParameterName, 'Name of the LLM at the OpenAI-compatible server [default: gpt-4o-mini]')
            [CompletionResult]::new('--openai-embed-model', '--openai-embed-model', [CompletionResultType]::ParameterName, 'Name of the embedding model at the OpenAI-compatible server [default: text-embedding-3-small]')
            [CompletionResult]::new('--connect-timeout', '--connect-timeout', [CompletionResultType]::ParameterName, 'Longest wait for a connection to an LLM server, in seconds [default: 5]')
            [CompletionResult]::new('--read-timeout', '--read-timeout', [CompletionResultType]::ParameterName, 'Longest silence of an LLM server, in seconds [default: 180]')
            [CompletionResult]::new('--openai-connect-timeout', '--openai-connect-timeout', [CompletionResultType]::ParameterName, 'Longest wait for a connection to the OpenAI-compatible server, in seconds [default: that of --connect-timeout]')
            [CompletionResult]::new('--openai-read-timeout', '--openai-read-timeout', [CompletionResultType]::ParameterName, 'Longest silence of the OpenAI-compatible server, in seconds [default: that of --read-timeout]')
            [CompletionResult]::new('--upstream', '--upstream', [CompletionResultType]::ParameterName, 'LLM servers that are asked one after another until one answers, instead of that of the settings above [default: the server of the settings above]')
            [CompletionResult]::new('--upstream-order', '--upstream-order', [CompletionResultType]::ParameterName, 'Which of several upstreams is asked first [default: listed]')
            [CompletionResult]::new('--embedder', '--embedder', [CompletionResultType]::ParameterName, 'Who embeds [default: auto]')
            [CompletionResult]::new('--embed-url', '--embed-url', [CompletionResultType]::ParameterName, 'URL of the server that embeds, when it is another than the LLM''s [default: that of the LLM server]')
            [CompletionResult]::new('--embed-api-key', '--embed-api-key', [CompletionResultType]::ParameterName, 'API key of the server that embeds [default: that of the LLM server]')
            [CompletionResult]::new('--no-swap', '--no-swap', [CompletionResultType]::ParameterName, 'Build the next generation, and let the present one go on answering')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Config file [default: ./ragctl.toml, else the user''s]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours [default: auto]')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'Form of log lines: text for people, or one JSON object a line [default: text]')
            [CompletionResult]::new('--swap', '--swap', [CompletionResultType]::ParameterName, 'Let the generation that was built take over')
            [CompletionResult]::new('--back', '--back', [CompletionResultType]::ParameterName, 'Go back to the generation that answered before')
            [CompletionResult]::new('--drop', '--drop', [CompletionResultType]::ParameterName, 'Drop all generations that do not answer')
            [CompletionResult]::new('--list', '--list', [CompletionResultType]::ParameterName, 'List the generations')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'More log lines (-vv: even more)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More log lines (-vv: even more)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only warnings and errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'ragctl;try' {
            [CompletionResult]::new('--data-dir', '--data-dir', [CompletionResultType]::ParameterName, 'Folder of the DBs [default: data/kb]')
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'DB of requests that name none [default: default]')
            [CompletionResult]::new('--provider', '--provider', [CompletionResultType]::ParameterName, 'Who answers, and embeds if it can [default: auto]')
            [CompletionResult]::new('--ollama-url', '--ollama-url', [CompletionResultType]::ParameterName, 'URL of the Ollama server [default: http://localhost:11434]')
            [CompletionResult]::new('--llm-model', '--llm-model', [CompletionResultType]::ParameterName, 'Name of the LLM at Ollama [default: llama3.1:8b]')
            [CompletionResult]::new('--embed-model', '--embed-model', [CompletionResultType]::ParameterName, 'Name of the embedding model at Ollama, or the folder of a model2vec model [default: nomic-embed-text]')
            [CompletionResult]::new('--openai-base-url', '--openai-base-url', [CompletionResultType]::ParameterName, 'URL of the OpenAI-compatible server, usually ending in /v1 [default: https://api.openai.com/v1]')
            [CompletionResult]::new('--openai-api-key', '--openai-api-key', [CompletionResultType]::ParameterName, 'API key of the OpenAI-compatible server')
            [CompletionResult]::new('--openai-model', '--openai-model', [CompletionResultType]::ParameterName, 'Name of the LLM at the OpenAI-compatible server [default: gpt-4o-mini]')
            [CompletionResult]::new('--openai-embed-model', '--openai-embed-model', [CompletionResultType]::ParameterName, 'Name of the embedding model at the OpenAI-compatible server [default: text-embedding-3-small]')
            [CompletionResult]::new('--connect-timeout', '--connect-timeout', [CompletionResultType]::ParameterName, 'Longest wait for a connection to an LLM server, in seconds [default: 5]')
            [CompletionResult]::new('--read-timeout', '--read-timeout', [CompletionResultType]::ParameterName, 'Longest silence of an LLM server, in seconds [default: 180]')
            [CompletionResult]::new('--openai-connect-timeout', '--openai-connect-timeout', [CompletionResultType]::ParameterName, 'Longest wait for a connection to the OpenAI-compatible server, in seconds [default: that of --connect-timeout]')
            [CompletionResult]::new('--openai-read-timeout', '--openai-read-timeout', [CompletionResultType]::ParameterName, 'Longest silence of the OpenAI-compatible server, in seconds [default: that of --read-timeout]')
            [CompletionResult]::new('--upstream', '--upstream', [CompletionResultType]::ParameterName, 'LLM servers that are asked one after another until one answers, instead of that of the settings above [default: the server of the settings above]')
            [CompletionResult]::new('--upstream-order', '--upstream-order', [CompletionResultType]::ParameterName, 'Which of several upstreams is asked first [default: listed]')
            [CompletionResult]::new('--embedder', '--embedder', [CompletionResultType]::ParameterName, 'Who embeds [default: auto]')
            [CompletionResult]::new('--embed-url', '--embed-url', [CompletionResultType]::ParameterName, 'URL of the server that embeds, when it is another than the LLM''s [default: that of the LLM server]')
            [CompletionResult]::new('--embed-api-key', '--embed-api-key', [CompletionResultType]::ParameterName, 'API key of the server that embeds [default: that of the LLM server]')
            [CompletionResult]::new('--rrf', '--rrf', [CompletionResultType]::ParameterName, 'Fuse by reciprocal rank instead of weighted scores [default: true with an embedding model, false with the embedded one]')
            [CompletionResult]::new('--rrf-k', '--rrf-k', [CompletionResultType]::ParameterName, 'Damping of reciprocal rank fusion [default: 60]')
            [CompletionResult]::new('--bm25-weight', '--bm25-weight', [CompletionResultType]::ParameterName, 'Share of the lexical score in weighted fusion [default: 0.5; with the embedded embedder 0.6, more where the question is not English]')
            [CompletionResult]::new('--sparse', '--sparse', [CompletionResultType]::ParameterName, 'Learned sparse index in hybrid search: where it has been measured to help, for every question, or not at all [default: auto]')
            [CompletionResult]::new('--questions', '--questions', [CompletionResultType]::ParameterName, 'Questions: a file with one a line, CSV or JSON lines; or a folder with queries.jsonl and qrels.tsv, whose documents are sources of the DB')
            [CompletionResult]::new('--generation', '--generation', [CompletionResultType]::ParameterName, 'Generation that is compared with the one that answers; without it, the one that was built, or else the one kept last')
            [CompletionResult]::new('-k', '-k', [CompletionResultType]::ParameterName, 'Rank down to which documents count')
            [CompletionResult]::new('--depth', '--depth', [CompletionResultType]::ParameterName, 'Rank down to which documents count')
            [CompletionResult]::new('--method', '--method', [CompletionResultType]::ParameterName, 'Search method')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Form of the report')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Config file [default: ./ragctl.toml, else the user''s]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours [default: auto]')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'Form of log lines: text for people, or one JSON object a line [default: text]')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'More log lines (-vv: even more)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More log lines (-vv: even more)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only warnings and errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'ragctl;verify' {
            [CompletionResult]::new('--data-dir', '--data-dir', [CompletionResultType]::ParameterName, 'Folder of the DBs [default: data/kb]')
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'DB of requests that name none [default: default]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print the result as JSON')
            [CompletionResult]::new('--url', '--url', [CompletionResultType]::ParameterName, 'URL of a server to ask instead of the local data')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Config file [default: ./ragctl.toml, else the user''s]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours [default: auto]')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'Form of log lines: text for people, or one JSON object a line [default: text]')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'More log lines (-vv: even more)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More log lines (-vv: even more)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only warnings and errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'ragctl;eval' {
            [CompletionResult]::new('--provider', '--provider', [CompletionResultType]::ParameterName, 'Who answers, and embeds if it can [default: auto]')
            [CompletionResult]::new('--ollama-url', '--ollama-url', [CompletionResultType]::ParameterName, 'URL of the Ollama server [default: http://localhost:11434]')
            [CompletionResult]::new('--llm-model', '--llm-model', [CompletionResultType]::ParameterName, 'Name of the LLM at Ollama [default: llama3.1:8b]')
            [CompletionResult]::new('--embed-model', '--embed-model', [CompletionResultType]::ParameterName, 'Name of the embedding model at Ollama, or the folder of a model2vec model [default: nomic-embed-text]')
            [CompletionResult]::new('--openai-base-url', '--openai-base-url', [CompletionResultType]::ParameterName, 'URL of the OpenAI-compatible server, usually ending in /v1 [default: https://api.openai.com/v1]')
            [CompletionResult]::new('--openai-api-key', '--openai-api-key', [CompletionResultType]::ParameterName, 'API key of the OpenAI-compatible server')
            [CompletionResult]::new('--openai-model', '--openai-model', [CompletionResultType]::ParameterName, 'Name of the LLM at the OpenAI-compatible server [default: gpt-4o-mini]')
            [CompletionResult]::new('--openai-embed-model', '--openai-embed-model', [CompletionResultType]::ParameterName, 'Name of the embedding model at the OpenAI-compatible server [default: text-embedding-3-small]')
            [CompletionResult]::new('--connect-timeout', '--connect-timeout', [CompletionResultType]::ParameterName, 'Longest wait for a connection to an LLM server, in seconds [default: 5]')
            [CompletionResult]::new('--read-timeout', '--read-timeout', [CompletionResultType]::ParameterName, 'Longest silence of an LLM server, in seconds [default: 180]')
            [CompletionResult]::new('--openai-connect-timeout', '--openai-connect-timeout', [CompletionResultType]::ParameterName, 'Longest wait for a connection to the OpenAI-compatible server, in seconds [default: that of --connect-timeout]')
            [CompletionResult]::new('--openai-read-timeout', '--openai-read-timeout', [CompletionResultType]::ParameterName, 'Longest silence of the OpenAI-compatible server, in seconds [default: that of --read-timeout]')
            [CompletionResult]::new('--upstream', '--upstream', [CompletionResultType]::ParameterName, 'LLM servers that are asked one after another until one answers, instead of that of the settings above [default: the server of the settings above]')
            [CompletionResult]::new('--upstream-order', '--upstream-order', [CompletionResultType]::ParameterName, 'Which of several upstreams is asked first [default: listed]')
            [CompletionResult]::new('--embedder', '--embedder', [CompletionResultType]::ParameterName, 'Who embeds [default: auto]')
            [CompletionResult]::new('--embed-url', '--embed-url', [CompletionResultType]::ParameterName, 'URL of the server that embeds, when it is another than the LLM''s [default: that of the LLM server]')
            [CompletionResult]::new('--embed-api-key', '--embed-api-key', [CompletionResultType]::ParameterName, 'API key of the server that embeds [default: that of the LLM server]')
            [CompletionResult]::new('--rrf', '--rrf', [CompletionResultType]::ParameterName, 'Fuse by reciprocal rank instead of weighted scores [default: true with an embedding model, false with the embedded one]')
            [CompletionResult]::new('--rrf-k', '--rrf-k', [CompletionResultType]::ParameterName, 'Damping of reciprocal rank fusion [default: 60]')
            [CompletionResult]::new('--bm25-weight', '--bm25-weight', [CompletionResultType]::ParameterName, 'Share of the lexical score in weighted fusion [default: 0.5; with the embedded embedder 0.6, more where the question is not English]')
            [CompletionResult]::new('--sparse', '--sparse', [CompletionResultType]::ParameterName, 'Learned sparse index in hybrid search: where it has been measured to help, for every question, or not at all [default: auto]')
            [CompletionResult]::new('--rerank', '--rerank', [CompletionResultType]::ParameterName, 'What puts the passages into another order [default: none]')
            [CompletionResult]::new('--rerank-top-n', '--rerank-top-n', [CompletionResultType]::ParameterName, 'Passages that the reranker chooses from, at least --top-k [default: 20]')
            [CompletionResult]::new('--rerank-url', '--rerank-url', [CompletionResultType]::ParameterName, 'URL of a server that reranks (vLLM, llama.cpp, LiteLLM, Text Embeddings Inference, Cohere, Jina)')
            [CompletionResult]::new('--rerank-model', '--rerank-model', [CompletionResultType]::ParameterName, 'Model that reranks, as the server names it [default: none is named]')
            [CompletionResult]::new('--rerank-api-key', '--rerank-api-key', [CompletionResultType]::ParameterName, 'API key of the server that reranks')
            [CompletionResult]::new('--rerank-timeout', '--rerank-timeout', [CompletionResultType]::ParameterName, 'Longest time that a question waits for the reranker, in seconds [default: 2]')
            [CompletionResult]::new('--multihop-depth', '--multihop-depth', [CompletionResultType]::ParameterName, 'Rounds of a search in several hops [default: 2]')
            [CompletionResult]::new('--multihop-fanout', '--multihop-fanout', [CompletionResultType]::ParameterName, 'Sub-questions of a round [default: 2]')
            [CompletionResult]::new('--multihop-time', '--multihop-time', [CompletionResultType]::ParameterName, 'Longest time of all rounds together, in seconds [default: 20]')
            [CompletionResult]::new('--documents', '--documents', [CompletionResultType]::ParameterName, 'Files, folders or globs to search instead of corpus.jsonl')
            [CompletionResult]::new('--methods', '--methods', [CompletionResultType]::ParameterName, 'Search methods to measure')
            [CompletionResult]::new('-k', '-k', [CompletionResultType]::ParameterName, 'Rank down to which results are judged')
            [CompletionResult]::new('--depth', '--depth', [CompletionResultType]::ParameterName, 'Rank down to which results are judged')
            [CompletionResult]::new('--answers', '--answers', [CompletionResultType]::ParameterName, 'Measure answers instead of retrieval')
            [CompletionResult]::new('--abstain', '--abstain', [CompletionResultType]::ParameterName, 'Fit the embedded answerer to the first halves of collections with answers, and show how often it abstains')
            [CompletionResult]::new('--weights', '--weights', [CompletionResultType]::ParameterName, 'Write the weights that --abstain fits as Rust source')
            [CompletionResult]::new('--half', '--half', [CompletionResultType]::ParameterName, 'Questions of which documents are asked with --answers')
            [CompletionResult]::new('--foreign', '--foreign', [CompletionResultType]::ParameterName, 'Folders with a queries.jsonl whose questions the documents do not answer, for --answers and --abstain')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Form of the report')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Write the report to a file instead of stdout')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Write the report to a file instead of stdout')
            [CompletionResult]::new('--multihop', '--multihop', [CompletionResultType]::ParameterName, 'Search in several hops, by rules; an LLM is not asked')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Config file [default: ./ragctl.toml, else the user''s]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours [default: auto]')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'Form of log lines: text for people, or one JSON object a line [default: text]')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'More log lines (-vv: even more)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More log lines (-vv: even more)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only warnings and errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'ragctl;bench' {
            [CompletionResult]::new('--url', '--url', [CompletionResultType]::ParameterName, 'URL of the server; may be repeated')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Requests to measure (100 when neither this nor --duration is given)')
            [CompletionResult]::new('--iterations', '--iterations', [CompletionResultType]::ParameterName, 'Requests to measure (100 when neither this nor --duration is given)')
            [CompletionResult]::new('-d', '-d', [CompletionResultType]::ParameterName, 'Length of the measurement')
            [CompletionResult]::new('--duration', '--duration', [CompletionResultType]::ParameterName, 'Length of the measurement')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'Closed loop: requests at once (default 10); open loop: connections (default 100)')
            [CompletionResult]::new('--concurrency', '--concurrency', [CompletionResultType]::ParameterName, 'Closed loop: requests at once (default 10); open loop: connections (default 100)')
            [CompletionResult]::new('-r', '-r', [CompletionResultType]::ParameterName, 'Open loop: requests per second, sent whether answers come or not; latency counts from when each was due')
            [CompletionResult]::new('--rate', '--rate', [CompletionResultType]::ParameterName, 'Open loop: requests per second, sent whether answers come or not; latency counts from when each was due')
            [CompletionResult]::new('--arrivals', '--arrivals', [CompletionResultType]::ParameterName, 'Distances between requests of an open loop: constant or poisson')
            [CompletionResult]::new('--ramp', '--ramp', [CompletionResultType]::ParameterName, 'Time in which the load rises to its level; reported as a stage of its own')
            [CompletionResult]::new('--warmup', '--warmup', [CompletionResultType]::ParameterName, 'Requests before the measurement')
            [CompletionResult]::new('--scenario', '--scenario', [CompletionResultType]::ParameterName, 'Load that changes over time: normal, spike, stress, soak, circuit-breaker, or a TOML file of the same form')
            [CompletionResult]::new('--scale', '--scale', [CompletionResultType]::ParameterName, 'Factor by which all times of a scenario are multiplied')
            [CompletionResult]::new('--mock', '--mock', [CompletionResultType]::ParameterName, 'URL of the fake upstream (`ragctl mock`) behind the server, on which the scenario sets its faults')
            [CompletionResult]::new('--endpoint', '--endpoint', [CompletionResultType]::ParameterName, 'Endpoint to measure: query, stream, health, or a path like /v1/items')
            [CompletionResult]::new('--body', '--body', [CompletionResultType]::ParameterName, 'Body of the requests to a path, or @FILE; makes them POST. {query} in it is replaced by a query')
            [CompletionResult]::new('--header', '--header', [CompletionResultType]::ParameterName, 'A further header; may be repeated')
            [CompletionResult]::new('--http-method', '--http-method', [CompletionResultType]::ParameterName, 'HTTP method for a path')
            [CompletionResult]::new('--method', '--method', [CompletionResultType]::ParameterName, 'Search method that the server is asked to use')
            [CompletionResult]::new('-k', '-k', [CompletionResultType]::ParameterName, 'Passages that an answer is made from')
            [CompletionResult]::new('--k', '--k', [CompletionResultType]::ParameterName, 'Passages that an answer is made from')
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'DB to ask')
            [CompletionResult]::new('--provider', '--provider', [CompletionResultType]::ParameterName, 'Provider that the server is asked to use: auto, ollama, openai or embedded')
            [CompletionResult]::new('--no-cache', '--no-cache', [CompletionResultType]::ParameterName, 'Ask the server not to answer from its cache')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Longest that a request may take')
            [CompletionResult]::new('--queries', '--queries', [CompletionResultType]::ParameterName, 'File of queries: .txt with a query a line, .csv, .tsv or .jsonl; the last two may name clusters and expected sources')
            [CompletionResult]::new('--mix', '--mix', [CompletionResultType]::ParameterName, 'Order of the queries: sequential, uniform or zipf:EXPONENT')
            [CompletionResult]::new('--seed', '--seed', [CompletionResultType]::ParameterName, 'Seed of the random choices: the same seed gives the same requests')
            [CompletionResult]::new('--threshold', '--threshold', [CompletionResultType]::ParameterName, 'Conditions that the result must meet, like ''p95<500ms'' ''errors<1%''')
            [CompletionResult]::new('--baseline', '--baseline', [CompletionResultType]::ParameterName, 'Results to compare with: a file, a pattern, or latest or best of the output folder')
            [CompletionResult]::new('--max-regression', '--max-regression', [CompletionResultType]::ParameterName, 'By how much a figure may become worse, like ''p95:10%''')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Folder for the result')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Folder for the result')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Forms in which the result is written')
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'Name of the run')
            [CompletionResult]::new('--tag', '--tag', [CompletionResultType]::ParameterName, 'A note in the result; may be repeated')
            [CompletionResult]::new('--tui', '--tui', [CompletionResultType]::ParameterName, 'Show the running measurement in the whole terminal')
            [CompletionResult]::new('--threads', '--threads', [CompletionResultType]::ParameterName, 'Generator threads (default: as many as the load needs)')
            [CompletionResult]::new('--start-at', '--start-at', [CompletionResultType]::ParameterName, 'Time at which the measurement begins, like 2026-11-21T15:00:00Z; the same for several load generators')
            [CompletionResult]::new('--drain', '--drain', [CompletionResultType]::ParameterName, 'Longest wait for outstanding answers when the time is over')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Config file [default: ./ragctl.toml, else the user''s]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours [default: auto]')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'Form of log lines: text for people, or one JSON object a line [default: text]')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'More log lines (-vv: even more)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More log lines (-vv: even more)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only warnings and errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('compare', 'compare', [CompletionResultType]::ParameterValue, 'Compare stored results')
            [CompletionResult]::new('ab', 'ab', [CompletionResultType]::ParameterValue, 'Compare two servers, round by round in turns: the comparison to rely on')
            [CompletionResult]::new('merge', 'merge', [CompletionResultType]::ParameterValue, 'Add up the results of several load generators')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'ragctl;bench;compare' {
            [CompletionResult]::new('--max-regression', '--max-regression', [CompletionResultType]::ParameterName, 'By how much a figure may become worse, like ''p95:10%''')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print the verdicts as JSON')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Config file [default: ./ragctl.toml, else the user''s]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours [default: auto]')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'Form of log lines: text for people, or one JSON object a line [default: text]')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'More log lines (-vv: even more)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More log lines (-vv: even more)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only warnings and errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'ragctl;bench;ab' {
            [CompletionResult]::new('--a', '--a', [CompletionResultType]::ParameterName, 'URL of the server to compare with')
            [CompletionResult]::new('--b', '--b', [CompletionResultType]::ParameterName, 'URL of the server to judge')
            [CompletionResult]::new('--rounds', '--rounds', [CompletionResultType]::ParameterName, 'Rounds before the first verdict; each sends both servers the same requests')
            [CompletionResult]::new('--max-rounds', '--max-rounds', [CompletionResultType]::ParameterName, 'Most rounds, as long as the verdict is open')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Requests to each server in a round')
            [CompletionResult]::new('--iterations', '--iterations', [CompletionResultType]::ParameterName, 'Requests to each server in a round')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'Requests at once')
            [CompletionResult]::new('--concurrency', '--concurrency', [CompletionResultType]::ParameterName, 'Requests at once')
            [CompletionResult]::new('-r', '-r', [CompletionResultType]::ParameterName, 'Open loop: requests per second')
            [CompletionResult]::new('--rate', '--rate', [CompletionResultType]::ParameterName, 'Open loop: requests per second')
            [CompletionResult]::new('--warmup', '--warmup', [CompletionResultType]::ParameterName, 'Requests before the first round; a tenth of them before each later one')
            [CompletionResult]::new('--margin', '--margin', [CompletionResultType]::ParameterName, 'Difference that does not matter')
            [CompletionResult]::new('--endpoint', '--endpoint', [CompletionResultType]::ParameterName, 'Endpoint to measure: query, stream, health, or a path like /v1/items')
            [CompletionResult]::new('--body', '--body', [CompletionResultType]::ParameterName, 'Body of the requests to a path, or @FILE; makes them POST. {query} in it is replaced by a query')
            [CompletionResult]::new('--header', '--header', [CompletionResultType]::ParameterName, 'A further header; may be repeated')
            [CompletionResult]::new('--http-method', '--http-method', [CompletionResultType]::ParameterName, 'HTTP method for a path')
            [CompletionResult]::new('--method', '--method', [CompletionResultType]::ParameterName, 'Search method that the server is asked to use')
            [CompletionResult]::new('-k', '-k', [CompletionResultType]::ParameterName, 'Passages that an answer is made from')
            [CompletionResult]::new('--k', '--k', [CompletionResultType]::ParameterName, 'Passages that an answer is made from')
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'DB to ask')
            [CompletionResult]::new('--provider', '--provider', [CompletionResultType]::ParameterName, 'Provider that the server is asked to use: auto, ollama, openai or embedded')
            [CompletionResult]::new('--no-cache', '--no-cache', [CompletionResultType]::ParameterName, 'Ask the server not to answer from its cache')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Longest that a request may take')
            [CompletionResult]::new('--queries', '--queries', [CompletionResultType]::ParameterName, 'File of queries: .txt with a query a line, .csv, .tsv or .jsonl; the last two may name clusters and expected sources')
            [CompletionResult]::new('--mix', '--mix', [CompletionResultType]::ParameterName, 'Order of the queries: sequential, uniform or zipf:EXPONENT')
            [CompletionResult]::new('--seed', '--seed', [CompletionResultType]::ParameterName, 'Seed of the random choices: the same seed gives the same requests')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Folder for the result')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Folder for the result')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print the verdicts as JSON')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Config file [default: ./ragctl.toml, else the user''s]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours [default: auto]')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'Form of log lines: text for people, or one JSON object a line [default: text]')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'More log lines (-vv: even more)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More log lines (-vv: even more)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only warnings and errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'ragctl;bench;merge' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Folder for the result')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Folder for the result')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Forms in which the result is written')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Config file [default: ./ragctl.toml, else the user''s]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours [default: auto]')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'Form of log lines: text for people, or one JSON object a line [default: text]')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'More log lines (-vv: even more)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More log lines (-vv: even more)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only warnings and errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'ragctl;bench;help' {
            [CompletionResult]::new('compare', 'compare', [CompletionResultType]::ParameterValue, 'Compare stored results')
            [CompletionResult]::new('ab', 'ab', [CompletionResultType]::ParameterValue, 'Compare two servers, round by round in turns: the comparison to rely on')
            [CompletionResult]::new('merge', 'merge', [CompletionResultType]::ParameterValue, 'Add up the results of several load generators')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'ragctl;bench;help;compare' {
            break
        }
        'ragctl;bench;help;ab' {
            break
        }
        'ragctl;bench;help;merge' {
            break
        }
        'ragctl;bench;help;help' {
            break
        }
        'ragctl;monitor' {
            [CompletionResult]::new('--url', '--url', [CompletionResultType]::ParameterName, 'Servers that `monitor` watches [default: http://localhost:8001]')
            [CompletionResult]::new('-i', '-i', [CompletionResultType]::ParameterName, 'Time between two polls of a server by `monitor` [default: 30s]')
            [CompletionResult]::new('--interval', '--interval', [CompletionResultType]::ParameterName, 'Time between two polls of a server by `monitor` [default: 30s]')
            [CompletionResult]::new('--alerts', '--alerts', [CompletionResultType]::ParameterName, 'TOML file with rules of alerts [default: the built-in rules]')
            [CompletionResult]::new('--bell', '--bell', [CompletionResultType]::ParameterName, 'Ring the terminal''s bell when a critical alert fires [default: false]')
            [CompletionResult]::new('--record', '--record', [CompletionResultType]::ParameterName, 'File that every answer is written to, after what is in it')
            [CompletionResult]::new('--record-max-bytes', '--record-max-bytes', [CompletionResultType]::ParameterName, 'Most bytes of the recording and its older half FILE.1 together [default: 104857600]')
            [CompletionResult]::new('--theme', '--theme', [CompletionResultType]::ParameterName, 'Background that colours are for [default: dark]')
            [CompletionResult]::new('--ascii', '--ascii', [CompletionResultType]::ParameterName, 'Draw with ASCII letters only [default: false]')
            [CompletionResult]::new('--colors', '--colors', [CompletionResultType]::ParameterName, 'Colours that replace those of the theme [default: those of the theme]')
            [CompletionResult]::new('--keys', '--keys', [CompletionResultType]::ParameterName, 'Keys that replace the built-in ones [default: see ? on the screen]')
            [CompletionResult]::new('--utc', '--utc', [CompletionResultType]::ParameterName, 'Show times in UTC instead of the local time zone [default: false]')
            [CompletionResult]::new('--once', '--once', [CompletionResultType]::ParameterName, 'Ask once, print a table, and tell by the exit status whether an alert fires')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'With --once one JSON object, else one a look')
            [CompletionResult]::new('--fail-on', '--fail-on', [CompletionResultType]::ParameterName, 'What the exit status of --once tells of')
            [CompletionResult]::new('--replay', '--replay', [CompletionResultType]::ParameterName, 'Show a recording instead of servers')
            [CompletionResult]::new('--speed', '--speed', [CompletionResultType]::ParameterName, 'How many times as fast as it was recorded')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Config file [default: ./ragctl.toml, else the user''s]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours [default: auto]')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'Form of log lines: text for people, or one JSON object a line [default: text]')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'More log lines (-vv: even more)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More log lines (-vv: even more)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only warnings and errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'ragctl;report' {
            [CompletionResult]::new('--alerts', '--alerts', [CompletionResultType]::ParameterName, 'TOML file with rules of alerts [default: the built-in rules]')
            [CompletionResult]::new('--utc', '--utc', [CompletionResultType]::ParameterName, 'Show times in UTC instead of the local time zone [default: false]')
            [CompletionResult]::new('--bench', '--bench', [CompletionResultType]::ParameterName, 'Results of `ragctl bench`')
            [CompletionResult]::new('--target', '--target', [CompletionResultType]::ParameterName, 'Targets to reach, like ''hit_rate>=30%'' ''p95<2s''; each replaces the default target of its figure')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'File for the report instead of stdout')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'File for the report instead of stdout')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Config file [default: ./ragctl.toml, else the user''s]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours [default: auto]')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'Form of log lines: text for people, or one JSON object a line [default: text]')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'More log lines (-vv: even more)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More log lines (-vv: even more)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only warnings and errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'ragctl;mock' {
            [CompletionResult]::new('--host', '--host', [CompletionResultType]::ParameterName, 'Address to listen on')
            [CompletionResult]::new('--port', '--port', [CompletionResultType]::ParameterName, 'Port to listen on; 0 picks a free one')
            [CompletionResult]::new('--ttft', '--ttft', [CompletionResultType]::ParameterName, 'Time to the first token: 300ms, uniform:100ms,400ms or lognormal:300ms,0.4')
            [CompletionResult]::new('--token-rate', '--token-rate', [CompletionResultType]::ParameterName, 'Tokens per second after the first (default: all at once)')
            [CompletionResult]::new('--latency', '--latency', [CompletionResultType]::ParameterName, 'Time to an answer that is not streamed, in the same forms')
            [CompletionResult]::new('--fault', '--fault', [CompletionResultType]::ParameterName, 'Fault, in the form below; may be repeated, the first that applies happens')
            [CompletionResult]::new('--seed', '--seed', [CompletionResultType]::ParameterName, 'Seed of the random choices')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Config file [default: ./ragctl.toml, else the user''s]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours [default: auto]')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'Form of log lines: text for people, or one JSON object a line [default: text]')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'More log lines (-vv: even more)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More log lines (-vv: even more)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only warnings and errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'ragctl;cache' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Config file [default: ./ragctl.toml, else the user''s]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours [default: auto]')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'Form of log lines: text for people, or one JSON object a line [default: text]')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'More log lines (-vv: even more)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More log lines (-vv: even more)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only warnings and errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('stats', 'stats', [CompletionResultType]::ParameterValue, 'Show the counters of a running server''s cache')
            [CompletionResult]::new('clear', 'clear', [CompletionResultType]::ParameterValue, 'Remove cached answers from a running server')
            [CompletionResult]::new('warm', 'warm', [CompletionResultType]::ParameterValue, 'Ask a running server the questions of a file, so that their answers are cached')
            [CompletionResult]::new('tune', 'tune', [CompletionResultType]::ParameterValue, 'Find the best settings: replay questions whose answers are known')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'ragctl;cache;stats' {
            [CompletionResult]::new('--url', '--url', [CompletionResultType]::ParameterName, 'URL of the server')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print the counters as the server''s JSON')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Config file [default: ./ragctl.toml, else the user''s]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours [default: auto]')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'Form of log lines: text for people, or one JSON object a line [default: text]')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'More log lines (-vv: even more)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More log lines (-vv: even more)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only warnings and errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'ragctl;cache;clear' {
            [CompletionResult]::new('--url', '--url', [CompletionResultType]::ParameterName, 'URL of the server')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'Remove all answers')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Remove those of one namespace, as `cache_metadata` names it')
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'Remove those from one DB')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Config file [default: ./ragctl.toml, else the user''s]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours [default: auto]')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'Form of log lines: text for people, or one JSON object a line [default: text]')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'More log lines (-vv: even more)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More log lines (-vv: even more)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only warnings and errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'ragctl;cache;warm' {
            [CompletionResult]::new('--url', '--url', [CompletionResultType]::ParameterName, 'URL of the server')
            [CompletionResult]::new('--concurrency', '--concurrency', [CompletionResultType]::ParameterName, 'Questions at once')
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'DB to ask')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Config file [default: ./ragctl.toml, else the user''s]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours [default: auto]')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'Form of log lines: text for people, or one JSON object a line [default: text]')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'More log lines (-vv: even more)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More log lines (-vv: even more)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only warnings and errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'ragctl;cache;tune' {
            [CompletionResult]::new('--data-dir', '--data-dir', [CompletionResultType]::ParameterName, 'Folder of the DBs [default: data/kb]')
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'DB of requests that name none [default: default]')
            [CompletionResult]::new('--provider', '--provider', [CompletionResultType]::ParameterName, 'Who answers, and embeds if it can [default: auto]')
            [CompletionResult]::new('--ollama-url', '--ollama-url', [CompletionResultType]::ParameterName, 'URL of the Ollama server [default: http://localhost:11434]')
            [CompletionResult]::new('--llm-model', '--llm-model', [CompletionResultType]::ParameterName, 'Name of the LLM at Ollama [default: llama3.1:8b]')
            [CompletionResult]::new('--embed-model', '--embed-model', [CompletionResultType]::ParameterName, 'Name of the embedding model at Ollama, or the folder of a model2vec model [default: nomic-embed-text]')
            [CompletionResult]::new('--openai-base-url', '--openai-base-url', [CompletionResultType]::ParameterName, 'URL of the OpenAI-compatible server, usually ending in /v1 [default: https://api.openai.com/v1]')
            [CompletionResult]::new('--openai-api-key', '--openai-api-key', [CompletionResultType]::ParameterName, 'API key of the OpenAI-compatible server')
            [CompletionResult]::new('--openai-model', '--openai-model', [CompletionResultType]::ParameterName, 'Name of the LLM at the OpenAI-compatible server [default: gpt-4o-mini]')
            [CompletionResult]::new('--openai-embed-model', '--openai-embed-model', [CompletionResultType]::ParameterName, 'Name of the embedding model at the OpenAI-compatible server [default: text-embedding-3-small]')
            [CompletionResult]::new('--connect-timeout', '--connect-timeout', [CompletionResultType]::ParameterName, 'Longest wait for a connection to an LLM server, in seconds [default: 5]')
            [CompletionResult]::new('--read-timeout', '--read-timeout', [CompletionResultType]::ParameterName, 'Longest silence of an LLM server, in seconds [default: 180]')
            [CompletionResult]::new('--openai-connect-timeout', '--openai-connect-timeout', [CompletionResultType]::ParameterName, 'Longest wait for a connection to the OpenAI-compatible server, in seconds [default: that of --connect-timeout]')
            [CompletionResult]::new('--openai-read-timeout', '--openai-read-timeout', [CompletionResultType]::ParameterName, 'Longest silence of the OpenAI-compatible server, in seconds [default: that of --read-timeout]')
            [CompletionResult]::new('--upstream', '--upstream', [CompletionResultType]::ParameterName, 'LLM servers that are asked one after another until one answers, instead of that of the settings above [default: the server of the settings above]')
            [CompletionResult]::new('--upstream-order', '--upstream-order', [CompletionResultType]::ParameterName, 'Which of several upstreams is asked first [default: listed]')
            [CompletionResult]::new('--embedder', '--embedder', [CompletionResultType]::ParameterName, 'Who embeds [default: auto]')
            [CompletionResult]::new('--embed-url', '--embed-url', [CompletionResultType]::ParameterName, 'URL of the server that embeds, when it is another than the LLM''s [default: that of the LLM server]')
            [CompletionResult]::new('--embed-api-key', '--embed-api-key', [CompletionResultType]::ParameterName, 'API key of the server that embeds [default: that of the LLM server]')
            [CompletionResult]::new('--bound', '--bound', [CompletionResultType]::ParameterName, 'Largest share of questions that may get another question''s answer')
            [CompletionResult]::new('--a', '--a', [CompletionResultType]::ParameterName, 'First of two settings to compare: a threshold, or `verified`')
            [CompletionResult]::new('--b', '--b', [CompletionResultType]::ParameterName, 'Second of the two settings')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Form of the report')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Write the measurements to a file, .csv or .json; may be repeated')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Write the measurements to a file, .csv or .json; may be repeated')
            [CompletionResult]::new('--save', '--save', [CompletionResultType]::ParameterName, 'Store the best threshold for the embedder, so that `ragctl serve` starts from it')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Config file [default: ./ragctl.toml, else the user''s]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours [default: auto]')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'Form of log lines: text for people, or one JSON object a line [default: text]')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'More log lines (-vv: even more)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More log lines (-vv: even more)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only warnings and errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'ragctl;cache;help' {
            [CompletionResult]::new('stats', 'stats', [CompletionResultType]::ParameterValue, 'Show the counters of a running server''s cache')
            [CompletionResult]::new('clear', 'clear', [CompletionResultType]::ParameterValue, 'Remove cached answers from a running server')
            [CompletionResult]::new('warm', 'warm', [CompletionResultType]::ParameterValue, 'Ask a running server the questions of a file, so that their answers are cached')
            [CompletionResult]::new('tune', 'tune', [CompletionResultType]::ParameterValue, 'Find the best settings: replay questions whose answers are known')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'ragctl;cache;help;stats' {
            break
        }
        'ragctl;cache;help;clear' {
            break
        }
        'ragctl;cache;help;warm' {
            break
        }
        'ragctl;cache;help;tune' {
            break
        }
        'ragctl;cache;help;help' {
            break
        }
        'ragctl;help' {
            [CompletionResult]::new('serve', 'serve', [CompletionResultType]::ParameterValue, 'Run the API over your documents')
            [CompletionResult]::new('export', 'export', [CompletionResultType]::ParameterValue, 'Write a DB into one file')
            [CompletionResult]::new('import', 'import', [CompletionResultType]::ParameterValue, 'Make a DB of a file that `ragctl export` wrote')
            [CompletionResult]::new('config', 'config', [CompletionResultType]::ParameterValue, 'Show, check or write settings')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print a completion script for a shell')
            [CompletionResult]::new('man', 'man', [CompletionResultType]::ParameterValue, 'Print the manual page')
            [CompletionResult]::new('ingest', 'ingest', [CompletionResultType]::ParameterValue, 'Read documents into a DB')
            [CompletionResult]::new('docs', 'docs', [CompletionResultType]::ParameterValue, 'List, show and remove documents')
            [CompletionResult]::new('sync', 'sync', [CompletionResultType]::ParameterValue, 'Bring a DB to the state of a folder, once')
            [CompletionResult]::new('query', 'query', [CompletionResultType]::ParameterValue, 'Ask a question')
            [CompletionResult]::new('search', 'search', [CompletionResultType]::ParameterValue, 'Show which passages a question finds, and why')
            [CompletionResult]::new('reindex', 'reindex', [CompletionResultType]::ParameterValue, 'Embed a DB with another model, or cut it into other chunks, while it answers')
            [CompletionResult]::new('try', 'try', [CompletionResultType]::ParameterValue, 'Compare the generation of a DB that was built with the one that answers')
            [CompletionResult]::new('verify', 'verify', [CompletionResultType]::ParameterValue, 'Check a stored answer against the documents as they are now')
            [CompletionResult]::new('eval', 'eval', [CompletionResultType]::ParameterValue, 'Measure the quality of retrieval and of answers on a collection in BEIR layout')
            [CompletionResult]::new('bench', 'bench', [CompletionResultType]::ParameterValue, 'Put load on an API and measure it; compare measurements')
            [CompletionResult]::new('monitor', 'monitor', [CompletionResultType]::ParameterValue, 'Watch servers in the terminal')
            [CompletionResult]::new('report', 'report', [CompletionResultType]::ParameterValue, 'Summarize recordings and load tests in a deployment report')
            [CompletionResult]::new('mock', 'mock', [CompletionResultType]::ParameterValue, 'Run a fake Ollama and OpenAI upstream, with latencies and faults of your choice')
            [CompletionResult]::new('cache', 'cache', [CompletionResultType]::ParameterValue, 'Show, clear, fill and tune the semantic cache')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'ragctl;help;serve' {
            break
        }
        'ragctl;help;export' {
            break
        }
        'ragctl;help;import' {
            break
        }
        'ragctl;help;config' {
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Print every setting, its value and where it comes from')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Check the settings and say what is wrong')
            [CompletionResult]::new('example', 'example', [CompletionResultType]::ParameterValue, 'Print a config file with every setting and its default')
            break
        }
        'ragctl;help;config;show' {
            break
        }
        'ragctl;help;config;check' {
            break
        }
        'ragctl;help;config;example' {
            break
        }
        'ragctl;help;completions' {
            break
        }
        'ragctl;help;man' {
            break
        }
        'ragctl;help;ingest' {
            break
        }
        'ragctl;help;docs' {
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the documents of a DB')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show a document: its headings, its pages, how well it could be read')
            [CompletionResult]::new('delete', 'delete', [CompletionResultType]::ParameterValue, 'Remove documents from a DB')
            break
        }
        'ragctl;help;docs;list' {
            break
        }
        'ragctl;help;docs;show' {
            break
        }
        'ragctl;help;docs;delete' {
            break
        }
        'ragctl;help;sync' {
            break
        }
        'ragctl;help;query' {
            break
        }
        'ragctl;help;search' {
            break
        }
        'ragctl;help;reindex' {
            break
        }
        'ragctl;help;try' {
            break
        }
        'ragctl;help;verify' {
            break
        }
        'ragctl;help;eval' {
            break
        }
        'ragctl;help;bench' {
            [CompletionResult]::new('compare', 'compare', [CompletionResultType]::ParameterValue, 'Compare stored results')
            [CompletionResult]::new('ab', 'ab', [CompletionResultType]::ParameterValue, 'Compare two servers, round by round in turns: the comparison to rely on')
            [CompletionResult]::new('merge', 'merge', [CompletionResultType]::ParameterValue, 'Add up the results of several load generators')
            break
        }
        'ragctl;help;bench;compare' {
            break
        }
        'ragctl;help;bench;ab' {
            break
        }
        'ragctl;help;bench;merge' {
            break
        }
        'ragctl;help;monitor' {
            break
        }
        'ragctl;help;report' {
            break
        }
        'ragctl;help;mock' {
            break
        }
        'ragctl;help;cache' {
            [CompletionResult]::new('stats', 'stats', [CompletionResultType]::ParameterValue, 'Show the counters of a running server''s cache')
            [CompletionResult]::new('clear', 'clear', [CompletionResultType]::ParameterValue, 'Remove cached answers from a running server')
            [CompletionResult]::new('warm', 'warm', [CompletionResultType]::ParameterValue, 'Ask a running server the questions of a file, so that their answers are cached')
            [CompletionResult]::new('tune', 'tune', [CompletionResultType]::ParameterValue, 'Find the best settings: replay questions whose answers are known')
            break
        }
        'ragctl;help;cache;stats' {
            break
        }
        'ragctl;help;cache;clear' {
            break
        }
        'ragctl;help;cache;warm' {
            break
        }
        'ragctl;help;cache;tune' {
            break
        }
        'ragctl;help;help' {
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}

# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_ragctl_global_optspecs
    string join \n config= color= v/verbose q/quiet log-format= h/help V/version
end

function __fish_ragctl_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_ragctl_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_ragctl_using_subcommand
    set -l cmd (__fish_ragctl_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c ragctl -n "__fish_ragctl_needs_command" -l config -d 'Config file [default: ./ragctl.toml, else the user\'s]' -r -F
complete -c ragctl -n "__fish_ragctl_needs_command" -l color -d 'When to use colours [default: auto]' -r -f -a "auto\t'When it goes to a terminal'
always\t'Always'
never\t'Never'"
complete -c ragctl -n "__fish_ragctl_needs_command" -l log-format -d 'Form of log lines: text for people, or one JSON object a line [default: text]' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c ragctl -n "__fish_ragctl_needs_command" -s v -l verbose -d 'More log lines (-vv: even more)'
complete -c ragctl -n "__fish_ragctl_needs_command" -s q -l quiet -d 'Only warnings and errors'
complete -c ragctl -n "__fish_ragctl_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ragctl -n "__fish_ragctl_needs_command" -s V -l version -d 'Print version'
complete -c ragctl -n "__fish_ragctl_needs_command" -f -a "serve" -d 'Run the API over your documents'
complete -c ragctl -n "__fish_ragctl_needs_command" -f -a "export" -d 'Write a DB into one file'
complete -c ragctl -n "__fish_ragctl_needs_command" -f -a "import" -d 'Make a DB of a file that `ragctl export` wrote'
complete -c ragctl -n "__fish_ragctl_needs_command" -f -a "config" -d 'Show, check or write settings'
complete -c ragctl -n "__fish_ragctl_needs_command" -f -a "completions" -d 'Print a completion script for a shell'
complete -c ragctl -n "__fish_ragctl_needs_command" -f -a "man" -d 'Print the manual page'
complete -c ragctl -n "__fish_ragctl_needs_command" -f -a "ingest" -d 'Read documents into a DB'
complete -c ragctl -n "__fish_ragctl_needs_command" -f -a "docs" -d 'List, show and remove documents'
complete -c ragctl -n "__fish_ragctl_needs_command" -f -a "sync" -d 'Bring a DB to the state of a folder, once'
complete -c ragctl -n "__fish_ragctl_needs_command" -f -a "query" -d 'Ask a question'
complete -c ragctl -n "__fish_ragctl_needs_command" -f -a "search" -d 'Show which passages a question finds, and why'
complete -c ragctl -n "__fish_ragctl_needs_command" -f -a "reindex" -d 'Embed a DB with another model, or cut it into other chunks, while it answers'
complete -c ragctl -n "__fish_ragctl_needs_command" -f -a "try" -d 'Compare the generation of a DB that was built with the one that answers'
complete -c ragctl -n "__fish_ragctl_needs_command" -f -a "verify" -d 'Check a stored answer against the documents as they are now'
complete -c ragctl -n "__fish_ragctl_needs_command" -f -a "eval" -d 'Measure the quality of retrieval and of answers on a collection in BEIR layout'
complete -c ragctl -n "__fish_ragctl_needs_command" -f -a "bench" -d 'Put load on an API and measure it; compare measurements'
complete -c ragctl -n "__fish_ragctl_needs_command" -f -a "monitor" -d 'Watch servers in the terminal'
complete -c ragctl -n "__fish_ragctl_needs_command" -f -a "report" -d 'Summarize recordings and load tests in a deployment report'
complete -c ragctl -n "__fish_ragctl_needs_command" -f -a "mock" -d 'Run a fake Ollama and OpenAI upstream, with latencies and faults of your choice'
complete -c ragctl -n "__fish_ragctl_needs_command" -f -a "cache" -d 'Show, clear, fill and tune the semantic cache'
complete -c ragctl -n "__fish_ragctl_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l host -d 'Address to listen on [default: 127.0.0.1]' -r -f -a "(__fish_print_hostnames)"
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l port -d 'Port to listen on [default: 8001]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l shutdown-grace -d 'Longest that requests go on after a signal to stop [default: 30s]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l max-body-bytes -d 'Largest request body [default: 2097152]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l cors-origins -d 'Origins that browsers may call from, or *' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l allowed-hosts -d 'Hosts that requests may name, or * [default: names of loopback when listening there, else all]' -r -f -a "(__fish_print_hostnames)"
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l max-connections -d 'Most connections at once [default: what the limit of open files allows, at most 10000]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l docs -d 'Files and folders to ingest at start' -r -F
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l watch -d 'Whether the folders among --docs are mirrored [default: false]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l rescan -d 'Time between comparisons of mirrored folders as a whole [default: 60s]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l allow-mass-delete -d 'Whether documents are deleted without a confirmation when most files of a mirrored folder, or the folder itself, are gone [default: false]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l max-upload-bytes -d 'Largest form of uploaded files, all together [default: 268435456]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l docs-root -d 'Folders that ingestion may read [default: the working directory]' -r -f -a "(__fish_complete_directories)"
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l data-dir -d 'Folder of the DBs [default: data/kb]' -r -f -a "(__fish_complete_directories)"
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l db -d 'DB of requests that name none [default: default]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l chunk-size -d 'Largest chunk, in characters [default: 800]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l chunk-overlap -d 'Characters that neighbouring chunks may share, at most half of the chunk size [default: 120]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l metadata-rule -d 'Metadata of documents by their names' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l ocr-command -d 'Program that recognises text in PDFs with pages of images' -r -f -a "(__fish_complete_command)"
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l ocr-timeout -d 'Longest time for one scan, in seconds [default: 300]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l provider -d 'Who answers, and embeds if it can [default: auto]' -r -f -a "auto\t''
ollama\t''
openai\t''
embedded\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l ollama-url -d 'URL of the Ollama server [default: http://localhost:11434]' -r -f
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l llm-model -d 'Name of the LLM at Ollama [default: llama3.1:8b]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l embed-model -d 'Name of the embedding model at Ollama, or the folder of a model2vec model [default: nomic-embed-text]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l openai-base-url -d 'URL of the OpenAI-compatible server, usually ending in /v1 [default: https://api.openai.com/v1]' -r -f
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l openai-api-key -d 'API key of the OpenAI-compatible server' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l openai-model -d 'Name of the LLM at the OpenAI-compatible server [default: gpt-4o-mini]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l openai-embed-model -d 'Name of the embedding model at the OpenAI-compatible server [default: text-embedding-3-small]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l connect-timeout -d 'Longest wait for a connection to an LLM server, in seconds [default: 5]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l read-timeout -d 'Longest silence of an LLM server, in seconds [default: 180]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l openai-connect-timeout -d 'Longest wait for a connection to the OpenAI-compatible server, in seconds [default: that of --connect-timeout]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l openai-read-timeout -d 'Longest silence of the OpenAI-compatible server, in seconds [default: that of --read-timeout]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l upstream -d 'LLM servers that are asked one after another until one answers, instead of that of the settings above [default: the server of the settings above]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l upstream-order -d 'Which of several upstreams is asked first [default: listed]' -r -f -a "listed\t''
weight\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l embedder -d 'Who embeds [default: auto]' -r -f -a "auto\t''
embedded\t''
ollama\t''
openai\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l embed-url -d 'URL of the server that embeds, when it is another than the LLM\'s [default: that of the LLM server]' -r -f
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l embed-api-key -d 'API key of the server that embeds [default: that of the LLM server]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l max-tokens -d 'Most tokens of an answer [default: 1024]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l temperature -d 'Randomness of answers [default: the server\'s]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l top-p -d 'Share of the likeliest tokens that the model chooses from [default: the server\'s]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l seed -d 'Seed with which a server gives the same answer again, as far as it can' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l stop -d 'Texts at which an answer ends' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l num-ctx -d 'Tokens of prompt and answer together [default: Ollama: as large as the prompt needs; others: not known]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l num-thread -d 'Threads of Ollama [default: Ollama\'s]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l num-gpu -d 'Layers that Ollama puts on the GPU [default: Ollama\'s]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l keep-alive -d 'How long Ollama keeps the model loaded, like 10m [default: Ollama\'s]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l reasoning -d 'How much a model that can reason does so before it answers [default: the model\'s]' -r -f -a "off\t''
low\t''
medium\t''
high\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l extra -d 'Further fields of requests to the LLM server, passed on as they are' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l prompts -d 'Folder of prompts that replace built-in ones of the same file name, like answer.en.txt [default: the built-in ones]' -r -f -a "(__fish_complete_directories)"
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l condense -d 'Who makes a follow-up question stand alone [default: auto]' -r -f -a "auto\t''
rules\t''
llm\t''
off\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l fallback -d 'Quote passages without the LLM, and search words without vectors, while a model is unavailable [default: true]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l unsupported -d 'What becomes of an LLM\'s answer that nothing in the documents supports [default: mark]' -r -f -a "mark\t''
quote\t''
refuse\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l request-timeout -d 'Longest time that a question may take, in seconds [default: 600]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l first-token-timeout -d 'Longest wait for the first token of a model that is loaded, in seconds [default: 30]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l load-timeout -d 'Longest wait for the first token of a model that is being loaded, in seconds [default: 300]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l idle-timeout -d 'Longest pause between two tokens, in seconds [default: 30]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l max-retries -d 'Attempts after the first, as far as the retry budget allows [default: 3]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l retry-backoff -d 'Longest wait before the first retry, in seconds [default: 0.6]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l openai-max-retries -d 'Attempts after the first at the OpenAI-compatible server [default: that of --max-retries]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l openai-retry-backoff -d 'Longest wait before the first retry at the OpenAI-compatible server, in seconds [default: that of --retry-backoff]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l breaker -d 'Stop calling an upstream for a while when it fails too often [default: true]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l breaker-failures -d 'Failures in a row that open the circuit breaker [default: 5]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l breaker-window -d 'Calls within a minute from which a failure rate of 50 % opens the breaker [default: 10]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l breaker-timeout -d 'How long the breaker stays open at first, in seconds [default: 30]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l breaker-successes -d 'Successful trial calls that close the breaker [default: 2]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l breaker-probes -d 'Most trial calls at once while the breaker is half open [default: 3]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l pool-connections -d 'No effect, only shown in the metrics: connections are opened when they are needed [default: 15]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l pool-maxsize -d 'Most calls to an upstream at once [default: 30]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l pool-block -d 'Let calls beyond --pool-maxsize wait [default: true]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l pool-queue -d 'Most calls that wait for a connection [default: 1000]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l pool-max-keepalive -d 'Most idle connections that are kept [default: 30]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l pool-keepalive-expiry -d 'How long an idle connection is kept, in seconds [default: 30]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l cache -d 'Answer from the cache when the question was asked before, in the same or other words [default: true]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l cache-threshold -d 'Least cosine similarity at which a question gets another question\'s answer [default: 0.80, or what `ragctl cache tune --save` found for the embedder]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l cache-size -d 'Most cached answers [default: 1000]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l cache-ttl -d 'Longest age of a cached answer, in seconds [default: 3600]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l cache-max-bytes -d 'Most bytes of all cached answers [default: 67108864]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l cache-mode -d 'How similar questions are accepted: by one threshold for all [default: threshold]' -r -f -a "threshold\t''
verified\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l cache-delta -d 'Largest share of questions that may get another question\'s answer in verified mode [default: 0.01]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l cache-guards -d 'Refuse a similar question\'s answer when numbers, names, negation, opposites, direction or question words differ [default: true]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l cache-persist -d 'Keep cached answers on disk, so that they survive a restart and a crash [default: false]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l cache-key -d 'Key that encrypts cached answers on disk' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l method -d 'Search method of questions that name none [default: hybrid]' -r -f -a "vector\t''
bm25\t''
hybrid\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -s k -l top-k -d 'Passages that an answer is made from [default: 5]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l rrf -d 'Fuse by reciprocal rank instead of weighted scores [default: true with an embedding model, false with the embedded one]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l rrf-k -d 'Damping of reciprocal rank fusion [default: 60]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l bm25-weight -d 'Share of the lexical score in weighted fusion [default: 0.5; with the embedded embedder 0.6, more where the question is not English]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l sparse -d 'Learned sparse index in hybrid search: where it has been measured to help, for every question, or not at all [default: auto]' -r -f -a "auto\t''
on\t''
off\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l rerank -d 'What puts the passages into another order [default: none]' -r -f -a "none\t''
features\t''
http\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l rerank-top-n -d 'Passages that the reranker chooses from, at least --top-k [default: 20]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l rerank-url -d 'URL of a server that reranks (vLLM, llama.cpp, LiteLLM, Text Embeddings Inference, Cohere, Jina)' -r -f
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l rerank-model -d 'Model that reranks, as the server names it [default: none is named]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l rerank-api-key -d 'API key of the server that reranks' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l rerank-timeout -d 'Longest time that a question waits for the reranker, in seconds [default: 2]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l multihop-depth -d 'Rounds of a search in several hops [default: 2]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l multihop-fanout -d 'Sub-questions of a round [default: 2]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l multihop-time -d 'Longest time of all rounds together, in seconds [default: 20]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l config -d 'Config file [default: ./ragctl.toml, else the user\'s]' -r -F
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l color -d 'When to use colours [default: auto]' -r -f -a "auto\t'When it goes to a terminal'
always\t'Always'
never\t'Never'"
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l log-format -d 'Form of log lines: text for people, or one JSON object a line [default: text]' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -l no-fallback -d 'Answer 503 while the LLM is away, instead of quoting'
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -s v -l verbose -d 'More log lines (-vv: even more)'
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -s q -l quiet -d 'Only warnings and errors'
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ragctl -n "__fish_ragctl_using_subcommand serve" -s V -l version -d 'Print version'
complete -c ragctl -n "__fish_ragctl_using_subcommand export" -l data-dir -d 'Folder of the DBs [default: data/kb]' -r -f -a "(__fish_complete_directories)"
complete -c ragctl -n "__fish_ragctl_using_subcommand export" -l db -d 'DB of requests that name none [default: default]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand export" -l config -d 'Config file [default: ./ragctl.toml, else the user\'s]' -r -F
complete -c ragctl -n "__fish_ragctl_using_subcommand export" -l color -d 'When to use colours [default: auto]' -r -f -a "auto\t'When it goes to a terminal'
always\t'Always'
never\t'Never'"
complete -c ragctl -n "__fish_ragctl_using_subcommand export" -l log-format -d 'Form of log lines: text for people, or one JSON object a line [default: text]' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c ragctl -n "__fish_ragctl_using_subcommand export" -l replace -d 'Replace a file that is there'
complete -c ragctl -n "__fish_ragctl_using_subcommand export" -s v -l verbose -d 'More log lines (-vv: even more)'
complete -c ragctl -n "__fish_ragctl_using_subcommand export" -s q -l quiet -d 'Only warnings and errors'
complete -c ragctl -n "__fish_ragctl_using_subcommand export" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ragctl -n "__fish_ragctl_using_subcommand export" -s V -l version -d 'Print version'
complete -c ragctl -n "__fish_ragctl_using_subcommand import" -l data-dir -d 'Folder of the DBs [default: data/kb]' -r -f -a "(__fish_complete_directories)"
complete -c ragctl -n "__fish_ragctl_using_subcommand import" -l db -d 'DB of requests that name none [default: default]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand import" -l config -d 'Config file [default: ./ragctl.toml, else the user\'s]' -r -F
complete -c ragctl -n "__fish_ragctl_using_subcommand import" -l color -d 'When to use colours [default: auto]' -r -f -a "auto\t'When it goes to a terminal'
always\t'Always'
never\t'Never'"
complete -c ragctl -n "__fish_ragctl_using_subcommand import" -l log-format -d 'Form of log lines: text for people, or one JSON object a line [default: text]' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c ragctl -n "__fish_ragctl_using_subcommand import" -l replace -d 'Replace a DB that is there'
complete -c ragctl -n "__fish_ragctl_using_subcommand import" -s v -l verbose -d 'More log lines (-vv: even more)'
complete -c ragctl -n "__fish_ragctl_using_subcommand import" -s q -l quiet -d 'Only warnings and errors'
complete -c ragctl -n "__fish_ragctl_using_subcommand import" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ragctl -n "__fish_ragctl_using_subcommand import" -s V -l version -d 'Print version'
complete -c ragctl -n "__fish_ragctl_using_subcommand config; and not __fish_seen_subcommand_from show check example help" -l config -d 'Config file [default: ./ragctl.toml, else the user\'s]' -r -F
complete -c ragctl -n "__fish_ragctl_using_subcommand config; and not __fish_seen_subcommand_from show check example help" -l color -d 'When to use colours [default: auto]' -r -f -a "auto\t'When it goes to a terminal'
always\t'Always'
never\t'Never'"
complete -c ragctl -n "__fish_ragctl_using_subcommand config; and not __fish_seen_subcommand_from show check example help" -l log-format -d 'Form of log lines: text for people, or one JSON object a line [default: text]' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c ragctl -n "__fish_ragctl_using_subcommand config; and not __fish_seen_subcommand_from show check example help" -s v -l verbose -d 'More log lines (-vv: even more)'
complete -c ragctl -n "__fish_ragctl_using_subcommand config; and not __fish_seen_subcommand_from show check example help" -s q -l quiet -d 'Only warnings and errors'
complete -c ragctl -n "__fish_ragctl_using_subcommand config; and not __fish_seen_subcommand_from show check example help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ragctl -n "__fish_ragctl_using_subcommand config; and not __fish_seen_subcommand_from show check example help" -s V -l version -d 'Print version'
complete -c ragctl -n "__fish_ragctl_using_subcommand config; and not __fish_seen_subcommand_from show check example help" -f -a "show" -d 'Print every setting, its value and where it comes from'
complete -c ragctl -n "__fish_ragctl_using_subcommand config; and not __fish_seen_subcommand_from show check example help" -f -a "check" -d 'Check the settings and say what is wrong'
complete -c ragctl -n "__fish_ragctl_using_subcommand config; and not __fish_seen_subcommand_from show check example help" -f -a "example" -d 'Print a config file with every setting and its default'
complete -c ragctl -n "__fish_ragctl_using_subcommand config; and not __fish_seen_subcommand_from show check example help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ragctl -n "__fish_ragctl_using_subcommand config; and __fish_seen_subcommand_from show" -l config -d 'Config file [default: ./ragctl.toml, else the user\'s]' -r -F
complete -c ragctl -n "__fish_ragctl_using_subcommand config; and __fish_seen_subcommand_from show" -l color -d 'When to use colours [default: auto]' -r -f -a "auto\t'When it goes to a terminal'
always\t'Always'
never\t'Never'"
complete -c ragctl -n "__fish_ragctl_using_subcommand config; and __fish_seen_subcommand_from show" -l log-format -d 'Form of log lines: text for people, or one JSON object a line [default: text]' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c ragctl -n "__fish_ragctl_using_subcommand config; and __fish_seen_subcommand_from show" -l json -d 'Print the settings as JSON'
complete -c ragctl -n "__fish_ragctl_using_subcommand config; and __fish_seen_subcommand_from show" -s v -l verbose -d 'More log lines (-vv: even more)'
complete -c ragctl -n "__fish_ragctl_using_subcommand config; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Only warnings and errors'
complete -c ragctl -n "__fish_ragctl_using_subcommand config; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ragctl -n "__fish_ragctl_using_subcommand config; and __fish_seen_subcommand_from show" -s V -l version -d 'Print version'
complete -c ragctl -n "__fish_ragctl_using_subcommand config; and __fish_seen_subcommand_from check" -l config -d 'Config file [default: ./ragctl.toml, else the user\'s]' -r -F
complete -c ragctl -n "__fish_ragctl_using_subcommand config; and __fish_seen_subcommand_from check" -l color -d 'When to use colours [default: auto]' -r -f -a "auto\t'When it goes to a terminal'
always\t'Always'
never\t'Never'"
complete -c ragctl -n "__fish_ragctl_using_subcommand config; and __fish_seen_subcommand_from check" -l log-format -d 'Form of log lines: text for people, or one JSON object a line [default: text]' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c ragctl -n "__fish_ragctl_using_subcommand config; and __fish_seen_subcommand_from check" -s v -l verbose -d 'More log lines (-vv: even more)'
complete -c ragctl -n "__fish_ragctl_using_subcommand config; and __fish_seen_subcommand_from check" -s q -l quiet -d 'Only warnings and errors'
complete -c ragctl -n "__fish_ragctl_using_subcommand config; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ragctl -n "__fish_ragctl_using_subcommand config; and __fish_seen_subcommand_from check" -s V -l version -d 'Print version'
complete -c ragctl -n "__fish_ragctl_using_subcommand config; and __fish_seen_subcommand_from example" -l config -d 'Config file [default: ./ragctl.toml, else the user\'s]' -r -F
complete -c ragctl -n "__fish_ragctl_using_subcommand config; and __fish_seen_subcommand_from example" -l color -d 'When to use colours [default: auto]' -r -f -a "auto\t'When it goes to a terminal'
always\t'Always'
never\t'Never'"
complete -c ragctl -n "__fish_ragctl_using_subcommand config; and __fish_seen_subcommand_from example" -l log-format -d 'Form of log lines: text for people, or one JSON object a line [default: text]' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c ragctl -n "__fish_ragctl_using_subcommand config; and __fish_seen_subcommand_from example" -s v -l verbose -d 'More log lines (-vv: even more)'
complete -c ragctl -n "__fish_ragctl_using_subcommand config; and __fish_seen_subcommand_from example" -s q -l quiet -d 'Only warnings and errors'
complete -c ragctl -n "__fish_ragctl_using_subcommand config; and __fish_seen_subcommand_from example" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ragctl -n "__fish_ragctl_using_subcommand config; and __fish_seen_subcommand_from example" -s V -l version -d 'Print version'
complete -c ragctl -n "__fish_ragctl_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "show" -d 'Print every setting, its value and where it comes from'
complete -c ragctl -n "__fish_ragctl_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "check" -d 'Check the settings and say what is wrong'
complete -c ragctl -n "__fish_ragctl_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "example" -d 'Print a config file with every setting and its default'
complete -c ragctl -n "__fish_ragctl_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ragctl -n "__fish_ragctl_using_subcommand completions" -l config -d 'Config file [default: ./ragctl.toml, else the user\'s]' -r -F
complete -c ragctl -n "__fish_ragctl_using_subcommand completions" -l color -d 'When to use colours [default: auto]' -r -f -a "auto\t'When it goes to a terminal'
always\t'Always'
never\t'Never'"
complete -c ragctl -n "__fish_ragctl_using_subcommand completions" -l log-format -d 'Form of log lines: text for people, or one JSON object a line [default: text]' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c ragctl -n "__fish_ragctl_using_subcommand completions" -s v -l verbose -d 'More log lines (-vv: even more)'
complete -c ragctl -n "__fish_ragctl_using_subcommand completions" -s q -l quiet -d 'Only warnings and errors'
complete -c ragctl -n "__fish_ragctl_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ragctl -n "__fish_ragctl_using_subcommand completions" -s V -l version -d 'Print version'
complete -c ragctl -n "__fish_ragctl_using_subcommand man" -l config -d 'Config file [default: ./ragctl.toml, else the user\'s]' -r -F
complete -c ragctl -n "__fish_ragctl_using_subcommand man" -l color -d 'When to use colours [default: auto]' -r -f -a "auto\t'When it goes to a terminal'
always\t'Always'
never\t'Never'"
complete -c ragctl -n "__fish_ragctl_using_subcommand man" -l log-format -d 'Form of log lines: text for people, or one JSON object a line [default: text]' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c ragctl -n "__fish_ragctl_using_subcommand man" -s v -l verbose -d 'More log lines (-vv: even more)'
complete -c ragctl -n "__fish_ragctl_using_subcommand man" -s q -l quiet -d 'Only warnings and errors'
complete -c ragctl -n "__fish_ragctl_using_subcommand man" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ragctl -n "__fish_ragctl_using_subcommand man" -s V -l version -d 'Print version'
complete -c ragctl -n "__fish_ragctl_using_subcommand ingest" -l data-dir -d 'Folder of the DBs [default: data/kb]' -r -f -a "(__fish_complete_directories)"
complete -c ragctl -n "__fish_ragctl_using_subcommand ingest" -l db -d 'DB of requests that name none [default: default]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand ingest" -l chunk-size -d 'Largest chunk, in characters [default: 800]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand ingest" -l chunk-overlap -d 'Characters that neighbouring chunks may share, at most half of the chunk size [default: 120]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand ingest" -l metadata-rule -d 'Metadata of documents by their names' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand ingest" -l ocr-command -d 'Program that recognises text in PDFs with pages of images' -r -f -a "(__fish_complete_command)"
complete -c ragctl -n "__fish_ragctl_using_subcommand ingest" -l ocr-timeout -d 'Longest time for one scan, in seconds [default: 300]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand ingest" -l provider -d 'Who answers, and embeds if it can [default: auto]' -r -f -a "auto\t''
ollama\t''
openai\t''
embedded\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand ingest" -l ollama-url -d 'URL of the Ollama server [default: http://localhost:11434]' -r -f
complete -c ragctl -n "__fish_ragctl_using_subcommand ingest" -l llm-model -d 'Name of the LLM at Ollama [default: llama3.1:8b]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand ingest" -l embed-model -d 'Name of the embedding model at Ollama, or the folder of a model2vec model [default: nomic-embed-text]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand ingest" -l openai-base-url -d 'URL of the OpenAI-compatible server, usually ending in /v1 [default: https://api.openai.com/v1]' -r -f
complete -c ragctl -n "__fish_ragctl_using_subcommand ingest" -l openai-api-key -d 'API key of the OpenAI-compatible server' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand ingest" -l openai-model -d 'Name of the LLM at the OpenAI-compatible server [default: gpt-4o-mini]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand ingest" -l openai-embed-model -d 'Name of the embedding model at the OpenAI-compatible server [default: text-embedding-3-small]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand ingest" -l connect-timeout -d 'Longest wait for a connection to an LLM server, in seconds [default: 5]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand ingest" -l read-timeout -d 'Longest silence of an LLM server, in seconds [default: 180]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand ingest" -l openai-connect-timeout -d 'Longest wait for a connection to the OpenAI-compatible server, in seconds [default: that of --connect-timeout]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand ingest" -l openai-read-timeout -d 'Longest silence of the OpenAI-compatible server, in seconds [default: that of --read-timeout]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand ingest" -l upstream -d 'LLM servers that are asked one after another until one answers, instead of that of the settings above [default: the server of the settings above]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand ingest" -l upstream-order -d 'Which of several upstreams is asked first [default: listed]' -r -f -a "listed\t''
weight\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand ingest" -l embedder -d 'Who embeds [default: auto]' -r -f -a "auto\t''
embedded\t''
ollama\t''
openai\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand ingest" -l embed-url -d 'URL of the server that embeds, when it is another than the LLM\'s [default: that of the LLM server]' -r -f
complete -c ragctl -n "__fish_ragctl_using_subcommand ingest" -l embed-api-key -d 'API key of the server that embeds [default: that of the LLM server]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand ingest" -l url -d 'URL of a server that ingests instead; it resolves the paths on its machine' -r -f
complete -c ragctl -n "__fish_ragctl_using_subcommand ingest" -l label -d 'Label of these documents; questions can be limited to it' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand ingest" -l metadata -d 'Metadata of these documents, like team=legal or \'{"year": 2026}\'; may be repeated' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand ingest" -l json -d 'Print the report as JSON on stdout' -r -f -a "true\t''
false\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand ingest" -l config -d 'Config file [default: ./ragctl.toml, else the user\'s]' -r -F
complete -c ragctl -n "__fish_ragctl_using_subcommand ingest" -l color -d 'When to use colours [default: auto]' -r -f -a "auto\t'When it goes to a terminal'
always\t'Always'
never\t'Never'"
complete -c ragctl -n "__fish_ragctl_using_subcommand ingest" -l log-format -d 'Form of log lines: text for people, or one JSON object a line [default: text]' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c ragctl -n "__fish_ragctl_using_subcommand ingest" -s v -l verbose -d 'More log lines (-vv: even more)'
complete -c ragctl -n "__fish_ragctl_using_subcommand ingest" -s q -l quiet -d 'Only warnings and errors'
complete -c ragctl -n "__fish_ragctl_using_subcommand ingest" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ragctl -n "__fish_ragctl_using_subcommand ingest" -s V -l version -d 'Print version'
complete -c ragctl -n "__fish_ragctl_using_subcommand docs; and not __fish_seen_subcommand_from list show delete help" -l config -d 'Config file [default: ./ragctl.toml, else the user\'s]' -r -F
complete -c ragctl -n "__fish_ragctl_using_subcommand docs; and not __fish_seen_subcommand_from list show delete help" -l color -d 'When to use colours [default: auto]' -r -f -a "auto\t'When it goes to a terminal'
always\t'Always'
never\t'Never'"
complete -c ragctl -n "__fish_ragctl_using_subcommand docs; and not __fish_seen_subcommand_from list show delete help" -l log-format -d 'Form of log lines: text for people, or one JSON object a line [default: text]' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c ragctl -n "__fish_ragctl_using_subcommand docs; and not __fish_seen_subcommand_from list show delete help" -s v -l verbose -d 'More log lines (-vv: even more)'
complete -c ragctl -n "__fish_ragctl_using_subcommand docs; and not __fish_seen_subcommand_from list show delete help" -s q -l quiet -d 'Only warnings and errors'
complete -c ragctl -n "__fish_ragctl_using_subcommand docs; and not __fish_seen_subcommand_from list show delete help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ragctl -n "__fish_ragctl_using_subcommand docs; and not __fish_seen_subcommand_from list show delete help" -s V -l version -d 'Print version'
complete -c ragctl -n "__fish_ragctl_using_subcommand docs; and not __fish_seen_subcommand_from list show delete help" -f -a "list" -d 'List the documents of a DB'
complete -c ragctl -n "__fish_ragctl_using_subcommand docs; and not __fish_seen_subcommand_from list show delete help" -f -a "show" -d 'Show a document: its headings, its pages, how well it could be read'
complete -c ragctl -n "__fish_ragctl_using_subcommand docs; and not __fish_seen_subcommand_from list show delete help" -f -a "delete" -d 'Remove documents from a DB'
complete -c ragctl -n "__fish_ragctl_using_subcommand docs; and not __fish_seen_subcommand_from list show delete help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ragctl -n "__fish_ragctl_using_subcommand docs; and __fish_seen_subcommand_from list" -l data-dir -d 'Folder of the DBs [default: data/kb]' -r -f -a "(__fish_complete_directories)"
complete -c ragctl -n "__fish_ragctl_using_subcommand docs; and __fish_seen_subcommand_from list" -l db -d 'DB of requests that name none [default: default]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand docs; and __fish_seen_subcommand_from list" -l format -d 'Only documents of this format, like pdf' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand docs; and __fish_seen_subcommand_from list" -l language -d 'Only documents in this language, like de' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand docs; and __fish_seen_subcommand_from list" -l label -d 'Only documents with this label' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand docs; and __fish_seen_subcommand_from list" -l sort -d 'What they are sorted by' -r -f -a "source\t'Name'
title\t'Title; those without one by their name'
bytes\t'Size of the file'
chunks\t'Number of chunks'
modified\t'Last change of the file'
ingested\t'Ingestion'"
complete -c ragctl -n "__fish_ragctl_using_subcommand docs; and __fish_seen_subcommand_from list" -l descending -d 'The largest, latest or last first' -r -f -a "true\t''
false\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand docs; and __fish_seen_subcommand_from list" -l offset -d 'Documents that are passed over' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand docs; and __fish_seen_subcommand_from list" -l limit -d 'Documents at most; all by default' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand docs; and __fish_seen_subcommand_from list" -l json -d 'Print the list as JSON' -r -f -a "true\t''
false\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand docs; and __fish_seen_subcommand_from list" -l url -d 'URL of a server to ask instead of the local data' -r -f
complete -c ragctl -n "__fish_ragctl_using_subcommand docs; and __fish_seen_subcommand_from list" -l config -d 'Config file [default: ./ragctl.toml, else the user\'s]' -r -F
complete -c ragctl -n "__fish_ragctl_using_subcommand docs; and __fish_seen_subcommand_from list" -l color -d 'When to use colours [default: auto]' -r -f -a "auto\t'When it goes to a terminal'
always\t'Always'
never\t'Never'"
complete -c ragctl -n "__fish_ragctl_using_subcommand docs; and __fish_seen_subcommand_from list" -l log-format -d 'Form of log lines: text for people, or one JSON object a line [default: text]' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c ragctl -n "__fish_ragctl_using_subcommand docs; and __fish_seen_subcommand_from list" -s v -l verbose -d 'More log lines (-vv: even more)'
complete -c ragctl -n "__fish_ragctl_using_subcommand docs; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Only warnings and errors'
complete -c ragctl -n "__fish_ragctl_using_subcommand docs; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ragctl -n "__fish_ragctl_using_subcommand docs; and __fish_seen_subcommand_from list" -s V -l version -d 'Print version'
complete -c ragctl -n "__fish_ragctl_using_subcommand docs; and __fish_seen_subcommand_from show" -l data-dir -d 'Folder of the DBs [default: data/kb]' -r -f -a "(__fish_complete_directories)"
complete -c ragctl -n "__fish_ragctl_using_subcommand docs; and __fish_seen_subcommand_from show" -l db -d 'DB of requests that name none [default: default]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand docs; and __fish_seen_subcommand_from show" -l text -d 'Print its text instead' -r -f -a "true\t''
false\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand docs; and __fish_seen_subcommand_from show" -l start -d 'First character of the text that is printed, from 0' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand docs; and __fish_seen_subcommand_from show" -l end -d 'Character behind the last that is printed' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand docs; and __fish_seen_subcommand_from show" -l json -d 'Print it as JSON' -r -f -a "true\t''
false\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand docs; and __fish_seen_subcommand_from show" -l url -d 'URL of a server to ask instead of the local data' -r -f
complete -c ragctl -n "__fish_ragctl_using_subcommand docs; and __fish_seen_subcommand_from show" -l config -d 'Config file [default: ./ragctl.toml, else the user\'s]' -r -F
complete -c ragctl -n "__fish_ragctl_using_subcommand docs; and __fish_seen_subcommand_from show" -l color -d 'When to use colours [default: auto]' -r -f -a "auto\t'When it goes to a terminal'
always\t'Always'
never\t'Never'"
complete -c ragctl -n "__fish_ragctl_using_subcommand docs; and __fish_seen_subcommand_from show" -l log-format -d 'Form of log lines: text for people, or one JSON object a line [default: text]' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c ragctl -n "__fish_ragctl_using_subcommand docs; and __fish_seen_subcommand_from show" -s v -l verbose -d 'More log lines (-vv: even more)'
complete -c ragctl -n "__fish_ragctl_using_subcommand docs; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Only warnings and errors'
complete -c ragctl -n "__fish_ragctl_using_subcommand docs; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ragctl -n "__fish_ragctl_using_subcommand docs; and __fish_seen_subcommand_from show" -s V -l version -d 'Print version'
complete -c ragctl -n "__fish_ragctl_using_subcommand docs; and __fish_seen_subcommand_from delete" -l data-dir -d 'Folder of the DBs [default: data/kb]' -r -f -a "(__fish_complete_directories)"
complete -c ragctl -n "__fish_ragctl_using_subcommand docs; and __fish_seen_subcommand_from delete" -l db -d 'DB of requests that name none [default: default]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand docs; and __fish_seen_subcommand_from delete" -l url -d 'URL of a server to ask instead of the local data' -r -f
complete -c ragctl -n "__fish_ragctl_using_subcommand docs; and __fish_seen_subcommand_from delete" -l config -d 'Config file [default: ./ragctl.toml, else the user\'s]' -r -F
complete -c ragctl -n "__fish_ragctl_using_subcommand docs; and __fish_seen_subcommand_from delete" -l color -d 'When to use colours [default: auto]' -r -f -a "auto\t'When it goes to a terminal'
always\t'Always'
never\t'Never'"
complete -c ragctl -n "__fish_ragctl_using_subcommand docs; and __fish_seen_subcommand_from delete" -l log-format -d 'Form of log lines: text for people, or one JSON object a line [default: text]' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c ragctl -n "__fish_ragctl_using_subcommand docs; and __fish_seen_subcommand_from delete" -s v -l verbose -d 'More log lines (-vv: even more)'
complete -c ragctl -n "__fish_ragctl_using_subcommand docs; and __fish_seen_subcommand_from delete" -s q -l quiet -d 'Only warnings and errors'
complete -c ragctl -n "__fish_ragctl_using_subcommand docs; and __fish_seen_subcommand_from delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ragctl -n "__fish_ragctl_using_subcommand docs; and __fish_seen_subcommand_from delete" -s V -l version -d 'Print version'
complete -c ragctl -n "__fish_ragctl_using_subcommand docs; and __fish_seen_subcommand_from help" -f -a "list" -d 'List the documents of a DB'
complete -c ragctl -n "__fish_ragctl_using_subcommand docs; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show a document: its headings, its pages, how well it could be read'
complete -c ragctl -n "__fish_ragctl_using_subcommand docs; and __fish_seen_subcommand_from help" -f -a "delete" -d 'Remove documents from a DB'
complete -c ragctl -n "__fish_ragctl_using_subcommand docs; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ragctl -n "__fish_ragctl_using_subcommand sync" -l data-dir -d 'Folder of the DBs [default: data/kb]' -r -f -a "(__fish_complete_directories)"
complete -c ragctl -n "__fish_ragctl_using_subcommand sync" -l db -d 'DB of requests that name none [default: default]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand sync" -l chunk-size -d 'Largest chunk, in characters [default: 800]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand sync" -l chunk-overlap -d 'Characters that neighbouring chunks may share, at most half of the chunk size [default: 120]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand sync" -l metadata-rule -d 'Metadata of documents by their names' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand sync" -l provider -d 'Who answers, and embeds if it can [default: auto]' -r -f -a "auto\t''
ollama\t''
openai\t''
embedded\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand sync" -l ollama-url -d 'URL of the Ollama server [default: http://localhost:11434]' -r -f
complete -c ragctl -n "__fish_ragctl_using_subcommand sync" -l llm-model -d 'Name of the LLM at Ollama [default: llama3.1:8b]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand sync" -l embed-model -d 'Name of the embedding model at Ollama, or the folder of a model2vec model [default: nomic-embed-text]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand sync" -l openai-base-url -d 'URL of the OpenAI-compatible server, usually ending in /v1 [default: https://api.openai.com/v1]' -r -f
complete -c ragctl -n "__fish_ragctl_using_subcommand sync" -l openai-api-key -d 'API key of the OpenAI-compatible server' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand sync" -l openai-model -d 'Name of the LLM at the OpenAI-compatible server [default: gpt-4o-mini]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand sync" -l openai-embed-model -d 'Name of the embedding model at the OpenAI-compatible server [default: text-embedding-3-small]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand sync" -l connect-timeout -d 'Longest wait for a connection to an LLM server, in seconds [default: 5]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand sync" -l read-timeout -d 'Longest silence of an LLM server, in seconds [default: 180]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand sync" -l openai-connect-timeout -d 'Longest wait for a connection to the OpenAI-compatible server, in seconds [default: that of --connect-timeout]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand sync" -l openai-read-timeout -d 'Longest silence of the OpenAI-compatible server, in seconds [default: that of --read-timeout]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand sync" -l upstream -d 'LLM servers that are asked one after another until one answers, instead of that of the settings above [default: the server of the settings above]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand sync" -l upstream-order -d 'Which of several upstreams is asked first [default: listed]' -r -f -a "listed\t''
weight\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand sync" -l embedder -d 'Who embeds [default: auto]' -r -f -a "auto\t''
embedded\t''
ollama\t''
openai\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand sync" -l embed-url -d 'URL of the server that embeds, when it is another than the LLM\'s [default: that of the LLM server]' -r -f
complete -c ragctl -n "__fish_ragctl_using_subcommand sync" -l embed-api-key -d 'API key of the server that embeds [default: that of the LLM server]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand sync" -l dry-run -d 'Only say what would be done' -r -f -a "true\t''
false\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand sync" -l allow-mass-delete -d 'Delete even most of the documents, or all of them' -r -f -a "true\t''
false\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand sync" -l config -d 'Config file [default: ./ragctl.toml, else the user\'s]' -r -F
complete -c ragctl -n "__fish_ragctl_using_subcommand sync" -l color -d 'When to use colours [default: auto]' -r -f -a "auto\t'When it goes to a terminal'
always\t'Always'
never\t'Never'"
complete -c ragctl -n "__fish_ragctl_using_subcommand sync" -l log-format -d 'Form of log lines: text for people, or one JSON object a line [default: text]' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c ragctl -n "__fish_ragctl_using_subcommand sync" -s v -l verbose -d 'More log lines (-vv: even more)'
complete -c ragctl -n "__fish_ragctl_using_subcommand sync" -s q -l quiet -d 'Only warnings and errors'
complete -c ragctl -n "__fish_ragctl_using_subcommand sync" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ragctl -n "__fish_ragctl_using_subcommand sync" -s V -l version -d 'Print version'
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l data-dir -d 'Folder of the DBs [default: data/kb]' -r -f -a "(__fish_complete_directories)"
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l db -d 'DB of requests that name none [default: default]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l provider -d 'Who answers, and embeds if it can [default: auto]' -r -f -a "auto\t''
ollama\t''
openai\t''
embedded\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l ollama-url -d 'URL of the Ollama server [default: http://localhost:11434]' -r -f
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l llm-model -d 'Name of the LLM at Ollama [default: llama3.1:8b]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l embed-model -d 'Name of the embedding model at Ollama, or the folder of a model2vec model [default: nomic-embed-text]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l openai-base-url -d 'URL of the OpenAI-compatible server, usually ending in /v1 [default: https://api.openai.com/v1]' -r -f
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l openai-api-key -d 'API key of the OpenAI-compatible server' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l openai-model -d 'Name of the LLM at the OpenAI-compatible server [default: gpt-4o-mini]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l openai-embed-model -d 'Name of the embedding model at the OpenAI-compatible server [default: text-embedding-3-small]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l connect-timeout -d 'Longest wait for a connection to an LLM server, in seconds [default: 5]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l read-timeout -d 'Longest silence of an LLM server, in seconds [default: 180]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l openai-connect-timeout -d 'Longest wait for a connection to the OpenAI-compatible server, in seconds [default: that of --connect-timeout]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l openai-read-timeout -d 'Longest silence of the OpenAI-compatible server, in seconds [default: that of --read-timeout]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l upstream -d 'LLM servers that are asked one after another until one answers, instead of that of the settings above [default: the server of the settings above]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l upstream-order -d 'Which of several upstreams is asked first [default: listed]' -r -f -a "listed\t''
weight\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l embedder -d 'Who embeds [default: auto]' -r -f -a "auto\t''
embedded\t''
ollama\t''
openai\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l embed-url -d 'URL of the server that embeds, when it is another than the LLM\'s [default: that of the LLM server]' -r -f
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l embed-api-key -d 'API key of the server that embeds [default: that of the LLM server]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l max-tokens -d 'Most tokens of an answer [default: 1024]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l temperature -d 'Randomness of answers [default: the server\'s]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l top-p -d 'Share of the likeliest tokens that the model chooses from [default: the server\'s]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l seed -d 'Seed with which a server gives the same answer again, as far as it can' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l stop -d 'Texts at which an answer ends' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l num-ctx -d 'Tokens of prompt and answer together [default: Ollama: as large as the prompt needs; others: not known]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l num-thread -d 'Threads of Ollama [default: Ollama\'s]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l num-gpu -d 'Layers that Ollama puts on the GPU [default: Ollama\'s]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l keep-alive -d 'How long Ollama keeps the model loaded, like 10m [default: Ollama\'s]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l reasoning -d 'How much a model that can reason does so before it answers [default: the model\'s]' -r -f -a "off\t''
low\t''
medium\t''
high\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l extra -d 'Further fields of requests to the LLM server, passed on as they are' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l prompts -d 'Folder of prompts that replace built-in ones of the same file name, like answer.en.txt [default: the built-in ones]' -r -f -a "(__fish_complete_directories)"
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l condense -d 'Who makes a follow-up question stand alone [default: auto]' -r -f -a "auto\t''
rules\t''
llm\t''
off\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l fallback -d 'Quote passages without the LLM, and search words without vectors, while a model is unavailable [default: true]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l unsupported -d 'What becomes of an LLM\'s answer that nothing in the documents supports [default: mark]' -r -f -a "mark\t''
quote\t''
refuse\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l request-timeout -d 'Longest time that a question may take, in seconds [default: 600]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l first-token-timeout -d 'Longest wait for the first token of a model that is loaded, in seconds [default: 30]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l load-timeout -d 'Longest wait for the first token of a model that is being loaded, in seconds [default: 300]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l idle-timeout -d 'Longest pause between two tokens, in seconds [default: 30]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l max-retries -d 'Attempts after the first, as far as the retry budget allows [default: 3]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l retry-backoff -d 'Longest wait before the first retry, in seconds [default: 0.6]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l openai-max-retries -d 'Attempts after the first at the OpenAI-compatible server [default: that of --max-retries]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l openai-retry-backoff -d 'Longest wait before the first retry at the OpenAI-compatible server, in seconds [default: that of --retry-backoff]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l breaker -d 'Stop calling an upstream for a while when it fails too often [default: true]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l breaker-failures -d 'Failures in a row that open the circuit breaker [default: 5]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l breaker-window -d 'Calls within a minute from which a failure rate of 50 % opens the breaker [default: 10]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l breaker-timeout -d 'How long the breaker stays open at first, in seconds [default: 30]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l breaker-successes -d 'Successful trial calls that close the breaker [default: 2]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l breaker-probes -d 'Most trial calls at once while the breaker is half open [default: 3]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l pool-connections -d 'No effect, only shown in the metrics: connections are opened when they are needed [default: 15]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l pool-maxsize -d 'Most calls to an upstream at once [default: 30]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l pool-block -d 'Let calls beyond --pool-maxsize wait [default: true]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l pool-queue -d 'Most calls that wait for a connection [default: 1000]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l pool-max-keepalive -d 'Most idle connections that are kept [default: 30]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l pool-keepalive-expiry -d 'How long an idle connection is kept, in seconds [default: 30]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l method -d 'Search method of questions that name none [default: hybrid]' -r -f -a "vector\t''
bm25\t''
hybrid\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -s k -l top-k -d 'Passages that an answer is made from [default: 5]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l rrf -d 'Fuse by reciprocal rank instead of weighted scores [default: true with an embedding model, false with the embedded one]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l rrf-k -d 'Damping of reciprocal rank fusion [default: 60]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l bm25-weight -d 'Share of the lexical score in weighted fusion [default: 0.5; with the embedded embedder 0.6, more where the question is not English]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l sparse -d 'Learned sparse index in hybrid search: where it has been measured to help, for every question, or not at all [default: auto]' -r -f -a "auto\t''
on\t''
off\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l rerank -d 'What puts the passages into another order [default: none]' -r -f -a "none\t''
features\t''
http\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l rerank-top-n -d 'Passages that the reranker chooses from, at least --top-k [default: 20]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l rerank-url -d 'URL of a server that reranks (vLLM, llama.cpp, LiteLLM, Text Embeddings Inference, Cohere, Jina)' -r -f
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l rerank-model -d 'Model that reranks, as the server names it [default: none is named]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l rerank-api-key -d 'API key of the server that reranks' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l rerank-timeout -d 'Longest time that a question waits for the reranker, in seconds [default: 2]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l multihop-depth -d 'Rounds of a search in several hops [default: 2]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l multihop-fanout -d 'Sub-questions of a round [default: 2]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l multihop-time -d 'Longest time of all rounds together, in seconds [default: 20]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l url -d 'URL of a server to ask instead of the local data' -r -f
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l json -d 'Print the whole answer as JSON on stdout' -r -f -a "true\t''
false\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l quotes -d 'Print below each source what the answer quotes of it' -r -f -a "true\t''
false\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l explain -d 'Print what each stage of the search did, and what each method says of the sources' -r -f -a "true\t''
false\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l multihop -d 'Search in several hops: what is found says what to look for next' -r -f -a "true\t''
false\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l language -d 'Search only passages in these languages, like en,de' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l label -d 'Search only documents with this label; may be repeated' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l filter -d 'Search only documents that a filter means, in JSON as the API takes it' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l where -d 'Search only documents with this, like team=legal or year>=2024; may be repeated' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l config -d 'Config file [default: ./ragctl.toml, else the user\'s]' -r -F
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l color -d 'When to use colours [default: auto]' -r -f -a "auto\t'When it goes to a terminal'
always\t'Always'
never\t'Never'"
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l log-format -d 'Form of log lines: text for people, or one JSON object a line [default: text]' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -l no-fallback -d 'Answer 503 while the LLM is away, instead of quoting'
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -s v -l verbose -d 'More log lines (-vv: even more)'
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -s q -l quiet -d 'Only warnings and errors'
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ragctl -n "__fish_ragctl_using_subcommand query" -s V -l version -d 'Print version'
complete -c ragctl -n "__fish_ragctl_using_subcommand search" -l data-dir -d 'Folder of the DBs [default: data/kb]' -r -f -a "(__fish_complete_directories)"
complete -c ragctl -n "__fish_ragctl_using_subcommand search" -l db -d 'DB of requests that name none [default: default]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand search" -l provider -d 'Who answers, and embeds if it can [default: auto]' -r -f -a "auto\t''
ollama\t''
openai\t''
embedded\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand search" -l ollama-url -d 'URL of the Ollama server [default: http://localhost:11434]' -r -f
complete -c ragctl -n "__fish_ragctl_using_subcommand search" -l llm-model -d 'Name of the LLM at Ollama [default: llama3.1:8b]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand search" -l embed-model -d 'Name of the embedding model at Ollama, or the folder of a model2vec model [default: nomic-embed-text]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand search" -l openai-base-url -d 'URL of the OpenAI-compatible server, usually ending in /v1 [default: https://api.openai.com/v1]' -r -f
complete -c ragctl -n "__fish_ragctl_using_subcommand search" -l openai-api-key -d 'API key of the OpenAI-compatible server' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand search" -l openai-model -d 'Name of the LLM at the OpenAI-compatible server [default: gpt-4o-mini]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand search" -l openai-embed-model -d 'Name of the embedding model at the OpenAI-compatible server [default: text-embedding-3-small]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand search" -l connect-timeout -d 'Longest wait for a connection to an LLM server, in seconds [default: 5]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand search" -l read-timeout -d 'Longest silence of an LLM server, in seconds [default: 180]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand search" -l openai-connect-timeout -d 'Longest wait for a connection to the OpenAI-compatible server, in seconds [default: that of --connect-timeout]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand search" -l openai-read-timeout -d 'Longest silence of the OpenAI-compatible server, in seconds [default: that of --read-timeout]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand search" -l upstream -d 'LLM servers that are asked one after another until one answers, instead of that of the settings above [default: the server of the settings above]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand search" -l upstream-order -d 'Which of several upstreams is asked first [default: listed]' -r -f -a "listed\t''
weight\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand search" -l embedder -d 'Who embeds [default: auto]' -r -f -a "auto\t''
embedded\t''
ollama\t''
openai\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand search" -l embed-url -d 'URL of the server that embeds, when it is another than the LLM\'s [default: that of the LLM server]' -r -f
complete -c ragctl -n "__fish_ragctl_using_subcommand search" -l embed-api-key -d 'API key of the server that embeds [default: that of the LLM server]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand search" -l fallback -d 'Quote passages without the LLM, and search words without vectors, while a model is unavailable [default: true]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand search" -l unsupported -d 'What becomes of an LLM\'s answer that nothing in the documents supports [default: mark]' -r -f -a "mark\t''
quote\t''
refuse\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand search" -l request-timeout -d 'Longest time that a question may take, in seconds [default: 600]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand search" -l first-token-timeout -d 'Longest wait for the first token of a model that is loaded, in seconds [default: 30]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand search" -l load-timeout -d 'Longest wait for the first token of a model that is being loaded, in seconds [default: 300]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand search" -l idle-timeout -d 'Longest pause between two tokens, in seconds [default: 30]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand search" -l max-retries -d 'Attempts after the first, as far as the retry budget allows [default: 3]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand search" -l retry-backoff -d 'Longest wait before the first retry, in seconds [default: 0.6]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand search" -l openai-max-retries -d 'Attempts after the first at the OpenAI-compatible server [default: that of --max-retries]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand search" -l openai-retry-backoff -d 'Longest wait before the first retry at the OpenAI-compatible server, in seconds [default: that of --retry-backoff]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand search" -l breaker -d 'Stop calling an upstream for a while when it fails too often [default: true]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand search" -l breaker-failures -d 'Failures in a row that open the circuit breaker [default: 5]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand search" -l breaker-window -d 'Calls within a minute from which a failure rate of 50 % opens the breaker [default: 10]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand search" -l breaker-timeout -d 'How long the breaker stays open at first, in seconds [default: 30]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand search" -l breaker-successes -d 'Successful trial calls that close the breaker [default: 2]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand search" -l breaker-probes -d 'Most trial calls at once while the breaker is half open [default: 3]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand search" -l pool-connections -d 'No effect, only shown in the metrics: connections are opened when they are needed [default: 15]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand search" -l pool-maxsize -d 'Most calls to an upstream at once [default: 30]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand search" -l pool-block -d 'Let calls beyond --pool-maxsize wait [default: true]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand search" -l pool-queue -d 'Most calls that wait for a connection [default: 1000]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand search" -l pool-max-keepalive -d 'Most idle connections that are kept [default: 30]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand search" -l pool-keepalive-expiry -d 'How long an idle connection is kept, in seconds [default: 30]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand search" -l method -d 'Search method of questions that name none [default: hybrid]' -r -f -a "vector\t''
bm25\t''
hybrid\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand search" -s k -l top-k -d 'Passages that an answer is made from [default: 5]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand search" -l rrf -d 'Fuse by reciprocal rank instead of weighted scores [default: true with an embedding model, false with the embedded one]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand search" -l rrf-k -d 'Damping of reciprocal rank fusion [default: 60]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand search" -l bm25-weight -d 'Share of the lexical score in weighted fusion [default: 0.5; with the embedded embedder 0.6, more where the question is not English]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand search" -l sparse -d 'Learned sparse index in hybrid search: where it has been measured to help, for every question, or not at all [default: auto]' -r -f -a "auto\t''
on\t''
off\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand search" -l rerank -d 'What puts the passages into another order [default: none]' -r -f -a "none\t''
features\t''
http\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand search" -l rerank-top-n -d 'Passages that the reranker chooses from, at least --top-k [default: 20]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand search" -l rerank-url -d 'URL of a server that reranks (vLLM, llama.cpp, LiteLLM, Text Embeddings Inference, Cohere, Jina)' -r -f
complete -c ragctl -n "__fish_ragctl_using_subcommand search" -l rerank-model -d 'Model that reranks, as the server names it [default: none is named]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand search" -l rerank-api-key -d 'API key of the server that reranks' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand search" -l rerank-timeout -d 'Longest time that a question waits for the reranker, in seconds [default: 2]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand search" -l url -d 'URL of a server to ask instead of the local data' -r -f
complete -c ragctl -n "__fish_ragctl_using_subcommand search" -l json -d 'Print everything as JSON on stdout' -r -f -a "true\t''
false\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand search" -l text -d 'Print whole passages instead of their beginnings' -r -f -a "true\t''
false\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand search" -l language -d 'Search only passages in these languages, like en,de' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand search" -l label -d 'Search only documents with this label; may be repeated' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand search" -l filter -d 'Search only documents that a filter means, in JSON as the API takes it' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand search" -l where -d 'Search only documents with this, like team=legal or year>=2024; may be repeated' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand search" -l config -d 'Config file [default: ./ragctl.toml, else the user\'s]' -r -F
complete -c ragctl -n "__fish_ragctl_using_subcommand search" -l color -d 'When to use colours [default: auto]' -r -f -a "auto\t'When it goes to a terminal'
always\t'Always'
never\t'Never'"
complete -c ragctl -n "__fish_ragctl_using_subcommand search" -l log-format -d 'Form of log lines: text for people, or one JSON object a line [default: text]' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c ragctl -n "__fish_ragctl_using_subcommand search" -l no-fallback -d 'Answer 503 while the LLM is away, instead of quoting'
complete -c ragctl -n "__fish_ragctl_using_subcommand search" -s v -l verbose -d 'More log lines (-vv: even more)'
complete -c ragctl -n "__fish_ragctl_using_subcommand search" -s q -l quiet -d 'Only warnings and errors'
complete -c ragctl -n "__fish_ragctl_using_subcommand search" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ragctl -n "__fish_ragctl_using_subcommand search" -s V -l version -d 'Print version'
complete -c ragctl -n "__fish_ragctl_using_subcommand reindex" -l data-dir -d 'Folder of the DBs [default: data/kb]' -r -f -a "(__fish_complete_directories)"
complete -c ragctl -n "__fish_ragctl_using_subcommand reindex" -l db -d 'DB of requests that name none [default: default]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand reindex" -l chunk-size -d 'Largest chunk, in characters [default: 800]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand reindex" -l chunk-overlap -d 'Characters that neighbouring chunks may share, at most half of the chunk size [default: 120]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand reindex" -l metadata-rule -d 'Metadata of documents by their names' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand reindex" -l provider -d 'Who answers, and embeds if it can [default: auto]' -r -f -a "auto\t''
ollama\t''
openai\t''
embedded\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand reindex" -l ollama-url -d 'URL of the Ollama server [default: http://localhost:11434]' -r -f
complete -c ragctl -n "__fish_ragctl_using_subcommand reindex" -l llm-model -d 'Name of the LLM at Ollama [default: llama3.1:8b]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand reindex" -l embed-model -d 'Name of the embedding model at Ollama, or the folder of a model2vec model [default: nomic-embed-text]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand reindex" -l openai-base-url -d 'URL of the OpenAI-compatible server, usually ending in /v1 [default: https://api.openai.com/v1]' -r -f
complete -c ragctl -n "__fish_ragctl_using_subcommand reindex" -l openai-api-key -d 'API key of the OpenAI-compatible server' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand reindex" -l openai-model -d 'Name of the LLM at the OpenAI-compatible server [default: gpt-4o-mini]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand reindex" -l openai-embed-model -d 'Name of the embedding model at the OpenAI-compatible server [default: text-embedding-3-small]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand reindex" -l connect-timeout -d 'Longest wait for a connection to an LLM server, in seconds [default: 5]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand reindex" -l read-timeout -d 'Longest silence of an LLM server, in seconds [default: 180]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand reindex" -l openai-connect-timeout -d 'Longest wait for a connection to the OpenAI-compatible server, in seconds [default: that of --connect-timeout]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand reindex" -l openai-read-timeout -d 'Longest silence of the OpenAI-compatible server, in seconds [default: that of --read-timeout]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand reindex" -l upstream -d 'LLM servers that are asked one after another until one answers, instead of that of the settings above [default: the server of the settings above]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand reindex" -l upstream-order -d 'Which of several upstreams is asked first [default: listed]' -r -f -a "listed\t''
weight\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand reindex" -l embedder -d 'Who embeds [default: auto]' -r -f -a "auto\t''
embedded\t''
ollama\t''
openai\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand reindex" -l embed-url -d 'URL of the server that embeds, when it is another than the LLM\'s [default: that of the LLM server]' -r -f
complete -c ragctl -n "__fish_ragctl_using_subcommand reindex" -l embed-api-key -d 'API key of the server that embeds [default: that of the LLM server]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand reindex" -l no-swap -d 'Build the next generation, and let the present one go on answering' -r -f -a "true\t''
false\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand reindex" -l config -d 'Config file [default: ./ragctl.toml, else the user\'s]' -r -F
complete -c ragctl -n "__fish_ragctl_using_subcommand reindex" -l color -d 'When to use colours [default: auto]' -r -f -a "auto\t'When it goes to a terminal'
always\t'Always'
never\t'Never'"
complete -c ragctl -n "__fish_ragctl_using_subcommand reindex" -l log-format -d 'Form of log lines: text for people, or one JSON object a line [default: text]' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c ragctl -n "__fish_ragctl_using_subcommand reindex" -l swap -d 'Let the generation that was built take over'
complete -c ragctl -n "__fish_ragctl_using_subcommand reindex" -l back -d 'Go back to the generation that answered before'
complete -c ragctl -n "__fish_ragctl_using_subcommand reindex" -l drop -d 'Drop all generations that do not answer'
complete -c ragctl -n "__fish_ragctl_using_subcommand reindex" -l list -d 'List the generations'
complete -c ragctl -n "__fish_ragctl_using_subcommand reindex" -s v -l verbose -d 'More log lines (-vv: even more)'
complete -c ragctl -n "__fish_ragctl_using_subcommand reindex" -s q -l quiet -d 'Only warnings and errors'
complete -c ragctl -n "__fish_ragctl_using_subcommand reindex" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ragctl -n "__fish_ragctl_using_subcommand reindex" -s V -l version -d 'Print version'
complete -c ragctl -n "__fish_ragctl_using_subcommand try" -l data-dir -d 'Folder of the DBs [default: data/kb]' -r -f -a "(__fish_complete_directories)"
complete -c ragctl -n "__fish_ragctl_using_subcommand try" -l db -d 'DB of requests that name none [default: default]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand try" -l provider -d 'Who answers, and embeds if it can [default: auto]' -r -f -a "auto\t''
ollama\t''
openai\t''
embedded\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand try" -l ollama-url -d 'URL of the Ollama server [default: http://localhost:11434]' -r -f
complete -c ragctl -n "__fish_ragctl_using_subcommand try" -l llm-model -d 'Name of the LLM at Ollama [default: llama3.1:8b]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand try" -l embed-model -d 'Name of the embedding model at Ollama, or the folder of a model2vec model [default: nomic-embed-text]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand try" -l openai-base-url -d 'URL of the OpenAI-compatible server, usually ending in /v1 [default: https://api.openai.com/v1]' -r -f
complete -c ragctl -n "__fish_ragctl_using_subcommand try" -l openai-api-key -d 'API key of the OpenAI-compatible server' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand try" -l openai-model -d 'Name of the LLM at the OpenAI-compatible server [default: gpt-4o-mini]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand try" -l openai-embed-model -d 'Name of the embedding model at the OpenAI-compatible server [default: text-embedding-3-small]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand try" -l connect-timeout -d 'Longest wait for a connection to an LLM server, in seconds [default: 5]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand try" -l read-timeout -d 'Longest silence of an LLM server, in seconds [default: 180]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand try" -l openai-connect-timeout -d 'Longest wait for a connection to the OpenAI-compatible server, in seconds [default: that of --connect-timeout]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand try" -l openai-read-timeout -d 'Longest silence of the OpenAI-compatible server, in seconds [default: that of --read-timeout]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand try" -l upstream -d 'LLM servers that are asked one after another until one answers, instead of that of the settings above [default: the server of the settings above]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand try" -l upstream-order -d 'Which of several upstreams is asked first [default: listed]' -r -f -a "listed\t''
weight\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand try" -l embedder -d 'Who embeds [default: auto]' -r -f -a "auto\t''
embedded\t''
ollama\t''
openai\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand try" -l embed-url -d 'URL of the server that embeds, when it is another than the LLM\'s [default: that of the LLM server]' -r -f
complete -c ragctl -n "__fish_ragctl_using_subcommand try" -l embed-api-key -d 'API key of the server that embeds [default: that of the LLM server]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand try" -l rrf -d 'Fuse by reciprocal rank instead of weighted scores [default: true with an embedding model, false with the embedded one]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand try" -l rrf-k -d 'Damping of reciprocal rank fusion [default: 60]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand try" -l bm25-weight -d 'Share of the lexical score in weighted fusion [default: 0.5; with the embedded embedder 0.6, more where the question is not English]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand try" -l sparse -d 'Learned sparse index in hybrid search: where it has been measured to help, for every question, or not at all [default: auto]' -r -f -a "auto\t''
on\t''
off\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand try" -l questions -d 'Questions: a file with one a line, CSV or JSON lines; or a folder with queries.jsonl and qrels.tsv, whose documents are sources of the DB' -r -F
complete -c ragctl -n "__fish_ragctl_using_subcommand try" -l generation -d 'Generation that is compared with the one that answers; without it, the one that was built, or else the one kept last' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand try" -s k -l depth -d 'Rank down to which documents count' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand try" -l method -d 'Search method' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand try" -l format -d 'Form of the report' -r -f -a "table\t'For people'
json\t'One JSON object'"
complete -c ragctl -n "__fish_ragctl_using_subcommand try" -l config -d 'Config file [default: ./ragctl.toml, else the user\'s]' -r -F
complete -c ragctl -n "__fish_ragctl_using_subcommand try" -l color -d 'When to use colours [default: auto]' -r -f -a "auto\t'When it goes to a terminal'
always\t'Always'
never\t'Never'"
complete -c ragctl -n "__fish_ragctl_using_subcommand try" -l log-format -d 'Form of log lines: text for people, or one JSON object a line [default: text]' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c ragctl -n "__fish_ragctl_using_subcommand try" -s v -l verbose -d 'More log lines (-vv: even more)'
complete -c ragctl -n "__fish_ragctl_using_subcommand try" -s q -l quiet -d 'Only warnings and errors'
complete -c ragctl -n "__fish_ragctl_using_subcommand try" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ragctl -n "__fish_ragctl_using_subcommand try" -s V -l version -d 'Print version'
complete -c ragctl -n "__fish_ragctl_using_subcommand verify" -l data-dir -d 'Folder of the DBs [default: data/kb]' -r -f -a "(__fish_complete_directories)"
complete -c ragctl -n "__fish_ragctl_using_subcommand verify" -l db -d 'DB of requests that name none [default: default]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand verify" -l json -d 'Print the result as JSON' -r -f -a "true\t''
false\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand verify" -l url -d 'URL of a server to ask instead of the local data' -r -f
complete -c ragctl -n "__fish_ragctl_using_subcommand verify" -l config -d 'Config file [default: ./ragctl.toml, else the user\'s]' -r -F
complete -c ragctl -n "__fish_ragctl_using_subcommand verify" -l color -d 'When to use colours [default: auto]' -r -f -a "auto\t'When it goes to a terminal'
always\t'Always'
never\t'Never'"
complete -c ragctl -n "__fish_ragctl_using_subcommand verify" -l log-format -d 'Form of log lines: text for people, or one JSON object a line [default: text]' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c ragctl -n "__fish_ragctl_using_subcommand verify" -s v -l verbose -d 'More log lines (-vv: even more)'
complete -c ragctl -n "__fish_ragctl_using_subcommand verify" -s q -l quiet -d 'Only warnings and errors'
complete -c ragctl -n "__fish_ragctl_using_subcommand verify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ragctl -n "__fish_ragctl_using_subcommand verify" -s V -l version -d 'Print version'
complete -c ragctl -n "__fish_ragctl_using_subcommand eval" -l provider -d 'Who answers, and embeds if it can [default: auto]' -r -f -a "auto\t''
ollama\t''
openai\t''
embedded\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand eval" -l ollama-url -d 'URL of the Ollama server [default: http://localhost:11434]' -r -f
complete -c ragctl -n "__fish_ragctl_using_subcommand eval" -l llm-model -d 'Name of the LLM at Ollama [default: llama3.1:8b]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand eval" -l embed-model -d 'Name of the embedding model at Ollama, or the folder of a model2vec model [default: nomic-embed-text]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand eval" -l openai-base-url -d 'URL of the OpenAI-compatible server, usually ending in /v1 [default: https://api.openai.com/v1]' -r -f
complete -c ragctl -n "__fish_ragctl_using_subcommand eval" -l openai-api-key -d 'API key of the OpenAI-compatible server' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand eval" -l openai-model -d 'Name of the LLM at the OpenAI-compatible server [default: gpt-4o-mini]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand eval" -l openai-embed-model -d 'Name of the embedding model at the OpenAI-compatible server [default: text-embedding-3-small]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand eval" -l connect-timeout -d 'Longest wait for a connection to an LLM server, in seconds [default: 5]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand eval" -l read-timeout -d 'Longest silence of an LLM server, in seconds [default: 180]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand eval" -l openai-connect-timeout -d 'Longest wait for a connection to the OpenAI-compatible server, in seconds [default: that of --connect-timeout]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand eval" -l openai-read-timeout -d 'Longest silence of the OpenAI-compatible server, in seconds [default: that of --read-timeout]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand eval" -l upstream -d 'LLM servers that are asked one after another until one answers, instead of that of the settings above [default: the server of the settings above]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand eval" -l upstream-order -d 'Which of several upstreams is asked first [default: listed]' -r -f -a "listed\t''
weight\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand eval" -l embedder -d 'Who embeds [default: auto]' -r -f -a "auto\t''
embedded\t''
ollama\t''
openai\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand eval" -l embed-url -d 'URL of the server that embeds, when it is another than the LLM\'s [default: that of the LLM server]' -r -f
complete -c ragctl -n "__fish_ragctl_using_subcommand eval" -l embed-api-key -d 'API key of the server that embeds [default: that of the LLM server]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand eval" -l rrf -d 'Fuse by reciprocal rank instead of weighted scores [default: true with an embedding model, false with the embedded one]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand eval" -l rrf-k -d 'Damping of reciprocal rank fusion [default: 60]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand eval" -l bm25-weight -d 'Share of the lexical score in weighted fusion [default: 0.5; with the embedded embedder 0.6, more where the question is not English]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand eval" -l sparse -d 'Learned sparse index in hybrid search: where it has been measured to help, for every question, or not at all [default: auto]' -r -f -a "auto\t''
on\t''
off\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand eval" -l rerank -d 'What puts the passages into another order [default: none]' -r -f -a "none\t''
features\t''
http\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand eval" -l rerank-top-n -d 'Passages that the reranker chooses from, at least --top-k [default: 20]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand eval" -l rerank-url -d 'URL of a server that reranks (vLLM, llama.cpp, LiteLLM, Text Embeddings Inference, Cohere, Jina)' -r -f
complete -c ragctl -n "__fish_ragctl_using_subcommand eval" -l rerank-model -d 'Model that reranks, as the server names it [default: none is named]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand eval" -l rerank-api-key -d 'API key of the server that reranks' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand eval" -l rerank-timeout -d 'Longest time that a question waits for the reranker, in seconds [default: 2]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand eval" -l multihop-depth -d 'Rounds of a search in several hops [default: 2]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand eval" -l multihop-fanout -d 'Sub-questions of a round [default: 2]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand eval" -l multihop-time -d 'Longest time of all rounds together, in seconds [default: 20]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand eval" -l documents -d 'Files, folders or globs to search instead of corpus.jsonl' -r -F
complete -c ragctl -n "__fish_ragctl_using_subcommand eval" -l methods -d 'Search methods to measure' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand eval" -s k -l depth -d 'Rank down to which results are judged' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand eval" -l answers -d 'Measure answers instead of retrieval' -r -f -a "true\t''
false\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand eval" -l abstain -d 'Fit the embedded answerer to the first halves of collections with answers, and show how often it abstains' -r -f -a "true\t''
false\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand eval" -l weights -d 'Write the weights that --abstain fits as Rust source' -r -F
complete -c ragctl -n "__fish_ragctl_using_subcommand eval" -l half -d 'Questions of which documents are asked with --answers' -r -f -a "all\t'All'
fit\t'The first half, which the answerer was fitted to where it is one of the collections that it was fitted to'
check\t'The second half, which nothing was fitted to'"
complete -c ragctl -n "__fish_ragctl_using_subcommand eval" -l foreign -d 'Folders with a queries.jsonl whose questions the documents do not answer, for --answers and --abstain' -r -f -a "(__fish_complete_directories)"
complete -c ragctl -n "__fish_ragctl_using_subcommand eval" -l format -d 'Form of the report' -r -f -a "table\t'For people'
json\t'One JSON array'
csv\t'One line a measurement'"
complete -c ragctl -n "__fish_ragctl_using_subcommand eval" -s o -l output -d 'Write the report to a file instead of stdout' -r -F
complete -c ragctl -n "__fish_ragctl_using_subcommand eval" -l multihop -d 'Search in several hops, by rules; an LLM is not asked' -r -f -a "true\t''
false\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand eval" -l config -d 'Config file [default: ./ragctl.toml, else the user\'s]' -r -F
complete -c ragctl -n "__fish_ragctl_using_subcommand eval" -l color -d 'When to use colours [default: auto]' -r -f -a "auto\t'When it goes to a terminal'
always\t'Always'
never\t'Never'"
complete -c ragctl -n "__fish_ragctl_using_subcommand eval" -l log-format -d 'Form of log lines: text for people, or one JSON object a line [default: text]' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c ragctl -n "__fish_ragctl_using_subcommand eval" -s v -l verbose -d 'More log lines (-vv: even more)'
complete -c ragctl -n "__fish_ragctl_using_subcommand eval" -s q -l quiet -d 'Only warnings and errors'
complete -c ragctl -n "__fish_ragctl_using_subcommand eval" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ragctl -n "__fish_ragctl_using_subcommand eval" -s V -l version -d 'Print version'
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and not __fish_seen_subcommand_from compare ab merge help" -l url -d 'URL of the server; may be repeated' -r -f
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and not __fish_seen_subcommand_from compare ab merge help" -s n -l iterations -d 'Requests to measure (100 when neither this nor --duration is given)' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and not __fish_seen_subcommand_from compare ab merge help" -s d -l duration -d 'Length of the measurement' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and not __fish_seen_subcommand_from compare ab merge help" -s c -l concurrency -d 'Closed loop: requests at once (default 10); open loop: connections (default 100)' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and not __fish_seen_subcommand_from compare ab merge help" -s r -l rate -d 'Open loop: requests per second, sent whether answers come or not; latency counts from when each was due' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and not __fish_seen_subcommand_from compare ab merge help" -l arrivals -d 'Distances between requests of an open loop: constant or poisson' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and not __fish_seen_subcommand_from compare ab merge help" -l ramp -d 'Time in which the load rises to its level; reported as a stage of its own' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and not __fish_seen_subcommand_from compare ab merge help" -l warmup -d 'Requests before the measurement' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and not __fish_seen_subcommand_from compare ab merge help" -l scenario -d 'Load that changes over time: normal, spike, stress, soak, circuit-breaker, or a TOML file of the same form' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and not __fish_seen_subcommand_from compare ab merge help" -l scale -d 'Factor by which all times of a scenario are multiplied' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and not __fish_seen_subcommand_from compare ab merge help" -l mock -d 'URL of the fake upstream (`ragctl mock`) behind the server, on which the scenario sets its faults' -r -f
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and not __fish_seen_subcommand_from compare ab merge help" -l endpoint -d 'Endpoint to measure: query, stream, health, or a path like /v1/items' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and not __fish_seen_subcommand_from compare ab merge help" -l body -d 'Body of the requests to a path, or @FILE; makes them POST. {query} in it is replaced by a query' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and not __fish_seen_subcommand_from compare ab merge help" -l header -d 'A further header; may be repeated' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and not __fish_seen_subcommand_from compare ab merge help" -l http-method -d 'HTTP method for a path' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and not __fish_seen_subcommand_from compare ab merge help" -l method -d 'Search method that the server is asked to use' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and not __fish_seen_subcommand_from compare ab merge help" -s k -l k -d 'Passages that an answer is made from' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and not __fish_seen_subcommand_from compare ab merge help" -l db -d 'DB to ask' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and not __fish_seen_subcommand_from compare ab merge help" -l provider -d 'Provider that the server is asked to use: auto, ollama, openai or embedded' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and not __fish_seen_subcommand_from compare ab merge help" -l no-cache -d 'Ask the server not to answer from its cache' -r -f -a "true\t''
false\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and not __fish_seen_subcommand_from compare ab merge help" -l timeout -d 'Longest that a request may take' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and not __fish_seen_subcommand_from compare ab merge help" -l queries -d 'File of queries: .txt with a query a line, .csv, .tsv or .jsonl; the last two may name clusters and expected sources' -r -F
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and not __fish_seen_subcommand_from compare ab merge help" -l mix -d 'Order of the queries: sequential, uniform or zipf:EXPONENT' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and not __fish_seen_subcommand_from compare ab merge help" -l seed -d 'Seed of the random choices: the same seed gives the same requests' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and not __fish_seen_subcommand_from compare ab merge help" -l threshold -d 'Conditions that the result must meet, like \'p95<500ms\' \'errors<1%\'' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and not __fish_seen_subcommand_from compare ab merge help" -l baseline -d 'Results to compare with: a file, a pattern, or latest or best of the output folder' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and not __fish_seen_subcommand_from compare ab merge help" -l max-regression -d 'By how much a figure may become worse, like \'p95:10%\'' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and not __fish_seen_subcommand_from compare ab merge help" -s o -l output -d 'Folder for the result' -r -f -a "(__fish_complete_directories)"
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and not __fish_seen_subcommand_from compare ab merge help" -l format -d 'Forms in which the result is written' -r -f -a "json\t'Everything; what `compare` and `merge` read'
csv\t'One line of figures'
md\t'Markdown for a pull request\'s comment'
html\t'A page with plots'
junit\t'JUnit XML: a test case for each gate'
hgrm\t'Percentiles for HdrHistogram\'s plotter'"
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and not __fish_seen_subcommand_from compare ab merge help" -l name -d 'Name of the run' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and not __fish_seen_subcommand_from compare ab merge help" -l tag -d 'A note in the result; may be repeated' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and not __fish_seen_subcommand_from compare ab merge help" -l tui -d 'Show the running measurement in the whole terminal' -r -f -a "true\t''
false\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and not __fish_seen_subcommand_from compare ab merge help" -l threads -d 'Generator threads (default: as many as the load needs)' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and not __fish_seen_subcommand_from compare ab merge help" -l start-at -d 'Time at which the measurement begins, like 2026-11-21T15:00:00Z; the same for several load generators' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and not __fish_seen_subcommand_from compare ab merge help" -l drain -d 'Longest wait for outstanding answers when the time is over' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and not __fish_seen_subcommand_from compare ab merge help" -l config -d 'Config file [default: ./ragctl.toml, else the user\'s]' -r -F
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and not __fish_seen_subcommand_from compare ab merge help" -l color -d 'When to use colours [default: auto]' -r -f -a "auto\t'When it goes to a terminal'
always\t'Always'
never\t'Never'"
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and not __fish_seen_subcommand_from compare ab merge help" -l log-format -d 'Form of log lines: text for people, or one JSON object a line [default: text]' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and not __fish_seen_subcommand_from compare ab merge help" -s v -l verbose -d 'More log lines (-vv: even more)'
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and not __fish_seen_subcommand_from compare ab merge help" -s q -l quiet -d 'Only warnings and errors'
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and not __fish_seen_subcommand_from compare ab merge help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and not __fish_seen_subcommand_from compare ab merge help" -s V -l version -d 'Print version'
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and not __fish_seen_subcommand_from compare ab merge help" -f -a "compare" -d 'Compare stored results'
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and not __fish_seen_subcommand_from compare ab merge help" -f -a "ab" -d 'Compare two servers, round by round in turns: the comparison to rely on'
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and not __fish_seen_subcommand_from compare ab merge help" -f -a "merge" -d 'Add up the results of several load generators'
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and not __fish_seen_subcommand_from compare ab merge help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and __fish_seen_subcommand_from compare" -l max-regression -d 'By how much a figure may become worse, like \'p95:10%\'' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and __fish_seen_subcommand_from compare" -l json -d 'Print the verdicts as JSON' -r -f -a "true\t''
false\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and __fish_seen_subcommand_from compare" -l config -d 'Config file [default: ./ragctl.toml, else the user\'s]' -r -F
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and __fish_seen_subcommand_from compare" -l color -d 'When to use colours [default: auto]' -r -f -a "auto\t'When it goes to a terminal'
always\t'Always'
never\t'Never'"
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and __fish_seen_subcommand_from compare" -l log-format -d 'Form of log lines: text for people, or one JSON object a line [default: text]' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and __fish_seen_subcommand_from compare" -s v -l verbose -d 'More log lines (-vv: even more)'
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and __fish_seen_subcommand_from compare" -s q -l quiet -d 'Only warnings and errors'
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and __fish_seen_subcommand_from compare" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and __fish_seen_subcommand_from compare" -s V -l version -d 'Print version'
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and __fish_seen_subcommand_from ab" -l a -d 'URL of the server to compare with' -r -f
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and __fish_seen_subcommand_from ab" -l b -d 'URL of the server to judge' -r -f
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and __fish_seen_subcommand_from ab" -l rounds -d 'Rounds before the first verdict; each sends both servers the same requests' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and __fish_seen_subcommand_from ab" -l max-rounds -d 'Most rounds, as long as the verdict is open' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and __fish_seen_subcommand_from ab" -s n -l iterations -d 'Requests to each server in a round' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and __fish_seen_subcommand_from ab" -s c -l concurrency -d 'Requests at once' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and __fish_seen_subcommand_from ab" -s r -l rate -d 'Open loop: requests per second' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and __fish_seen_subcommand_from ab" -l warmup -d 'Requests before the first round; a tenth of them before each later one' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and __fish_seen_subcommand_from ab" -l margin -d 'Difference that does not matter' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and __fish_seen_subcommand_from ab" -l endpoint -d 'Endpoint to measure: query, stream, health, or a path like /v1/items' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and __fish_seen_subcommand_from ab" -l body -d 'Body of the requests to a path, or @FILE; makes them POST. {query} in it is replaced by a query' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and __fish_seen_subcommand_from ab" -l header -d 'A further header; may be repeated' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and __fish_seen_subcommand_from ab" -l http-method -d 'HTTP method for a path' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and __fish_seen_subcommand_from ab" -l method -d 'Search method that the server is asked to use' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and __fish_seen_subcommand_from ab" -s k -l k -d 'Passages that an answer is made from' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and __fish_seen_subcommand_from ab" -l db -d 'DB to ask' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and __fish_seen_subcommand_from ab" -l provider -d 'Provider that the server is asked to use: auto, ollama, openai or embedded' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and __fish_seen_subcommand_from ab" -l no-cache -d 'Ask the server not to answer from its cache' -r -f -a "true\t''
false\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and __fish_seen_subcommand_from ab" -l timeout -d 'Longest that a request may take' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and __fish_seen_subcommand_from ab" -l queries -d 'File of queries: .txt with a query a line, .csv, .tsv or .jsonl; the last two may name clusters and expected sources' -r -F
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and __fish_seen_subcommand_from ab" -l mix -d 'Order of the queries: sequential, uniform or zipf:EXPONENT' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and __fish_seen_subcommand_from ab" -l seed -d 'Seed of the random choices: the same seed gives the same requests' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and __fish_seen_subcommand_from ab" -s o -l output -d 'Folder for the result' -r -f -a "(__fish_complete_directories)"
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and __fish_seen_subcommand_from ab" -l json -d 'Print the verdicts as JSON' -r -f -a "true\t''
false\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and __fish_seen_subcommand_from ab" -l config -d 'Config file [default: ./ragctl.toml, else the user\'s]' -r -F
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and __fish_seen_subcommand_from ab" -l color -d 'When to use colours [default: auto]' -r -f -a "auto\t'When it goes to a terminal'
always\t'Always'
never\t'Never'"
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and __fish_seen_subcommand_from ab" -l log-format -d 'Form of log lines: text for people, or one JSON object a line [default: text]' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and __fish_seen_subcommand_from ab" -s v -l verbose -d 'More log lines (-vv: even more)'
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and __fish_seen_subcommand_from ab" -s q -l quiet -d 'Only warnings and errors'
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and __fish_seen_subcommand_from ab" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and __fish_seen_subcommand_from ab" -s V -l version -d 'Print version'
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and __fish_seen_subcommand_from merge" -s o -l output -d 'Folder for the result' -r -f -a "(__fish_complete_directories)"
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and __fish_seen_subcommand_from merge" -l format -d 'Forms in which the result is written' -r -f -a "json\t'Everything; what `compare` and `merge` read'
csv\t'One line of figures'
md\t'Markdown for a pull request\'s comment'
html\t'A page with plots'
junit\t'JUnit XML: a test case for each gate'
hgrm\t'Percentiles for HdrHistogram\'s plotter'"
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and __fish_seen_subcommand_from merge" -l config -d 'Config file [default: ./ragctl.toml, else the user\'s]' -r -F
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and __fish_seen_subcommand_from merge" -l color -d 'When to use colours [default: auto]' -r -f -a "auto\t'When it goes to a terminal'
always\t'Always'
never\t'Never'"
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and __fish_seen_subcommand_from merge" -l log-format -d 'Form of log lines: text for people, or one JSON object a line [default: text]' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and __fish_seen_subcommand_from merge" -s v -l verbose -d 'More log lines (-vv: even more)'
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and __fish_seen_subcommand_from merge" -s q -l quiet -d 'Only warnings and errors'
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and __fish_seen_subcommand_from merge" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and __fish_seen_subcommand_from merge" -s V -l version -d 'Print version'
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and __fish_seen_subcommand_from help" -f -a "compare" -d 'Compare stored results'
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and __fish_seen_subcommand_from help" -f -a "ab" -d 'Compare two servers, round by round in turns: the comparison to rely on'
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and __fish_seen_subcommand_from help" -f -a "merge" -d 'Add up the results of several load generators'
complete -c ragctl -n "__fish_ragctl_using_subcommand bench; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ragctl -n "__fish_ragctl_using_subcommand monitor" -l url -d 'Servers that `monitor` watches [default: http://localhost:8001]' -r -f
complete -c ragctl -n "__fish_ragctl_using_subcommand monitor" -s i -l interval -d 'Time between two polls of a server by `monitor` [default: 30s]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand monitor" -l alerts -d 'TOML file with rules of alerts [default: the built-in rules]' -r -F
complete -c ragctl -n "__fish_ragctl_using_subcommand monitor" -l bell -d 'Ring the terminal\'s bell when a critical alert fires [default: false]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand monitor" -l record -d 'File that every answer is written to, after what is in it' -r -F
complete -c ragctl -n "__fish_ragctl_using_subcommand monitor" -l record-max-bytes -d 'Most bytes of the recording and its older half FILE.1 together [default: 104857600]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand monitor" -l theme -d 'Background that colours are for [default: dark]' -r -f -a "dark\t''
light\t''
plain\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand monitor" -l ascii -d 'Draw with ASCII letters only [default: false]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand monitor" -l colors -d 'Colours that replace those of the theme [default: those of the theme]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand monitor" -l keys -d 'Keys that replace the built-in ones [default: see ? on the screen]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand monitor" -l utc -d 'Show times in UTC instead of the local time zone [default: false]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand monitor" -l once -d 'Ask once, print a table, and tell by the exit status whether an alert fires' -r -f -a "true\t''
false\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand monitor" -l json -d 'With --once one JSON object, else one a look' -r -f -a "true\t''
false\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand monitor" -l fail-on -d 'What the exit status of --once tells of' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand monitor" -l replay -d 'Show a recording instead of servers' -r -F
complete -c ragctl -n "__fish_ragctl_using_subcommand monitor" -l speed -d 'How many times as fast as it was recorded' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand monitor" -l config -d 'Config file [default: ./ragctl.toml, else the user\'s]' -r -F
complete -c ragctl -n "__fish_ragctl_using_subcommand monitor" -l color -d 'When to use colours [default: auto]' -r -f -a "auto\t'When it goes to a terminal'
always\t'Always'
never\t'Never'"
complete -c ragctl -n "__fish_ragctl_using_subcommand monitor" -l log-format -d 'Form of log lines: text for people, or one JSON object a line [default: text]' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c ragctl -n "__fish_ragctl_using_subcommand monitor" -s v -l verbose -d 'More log lines (-vv: even more)'
complete -c ragctl -n "__fish_ragctl_using_subcommand monitor" -s q -l quiet -d 'Only warnings and errors'
complete -c ragctl -n "__fish_ragctl_using_subcommand monitor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ragctl -n "__fish_ragctl_using_subcommand monitor" -s V -l version -d 'Print version'
complete -c ragctl -n "__fish_ragctl_using_subcommand report" -l alerts -d 'TOML file with rules of alerts [default: the built-in rules]' -r -F
complete -c ragctl -n "__fish_ragctl_using_subcommand report" -l utc -d 'Show times in UTC instead of the local time zone [default: false]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand report" -l bench -d 'Results of `ragctl bench`' -r -F
complete -c ragctl -n "__fish_ragctl_using_subcommand report" -l target -d 'Targets to reach, like \'hit_rate>=30%\' \'p95<2s\'; each replaces the default target of its figure' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand report" -s o -l output -d 'File for the report instead of stdout' -r -F
complete -c ragctl -n "__fish_ragctl_using_subcommand report" -l config -d 'Config file [default: ./ragctl.toml, else the user\'s]' -r -F
complete -c ragctl -n "__fish_ragctl_using_subcommand report" -l color -d 'When to use colours [default: auto]' -r -f -a "auto\t'When it goes to a terminal'
always\t'Always'
never\t'Never'"
complete -c ragctl -n "__fish_ragctl_using_subcommand report" -l log-format -d 'Form of log lines: text for people, or one JSON object a line [default: text]' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c ragctl -n "__fish_ragctl_using_subcommand report" -s v -l verbose -d 'More log lines (-vv: even more)'
complete -c ragctl -n "__fish_ragctl_using_subcommand report" -s q -l quiet -d 'Only warnings and errors'
complete -c ragctl -n "__fish_ragctl_using_subcommand report" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ragctl -n "__fish_ragctl_using_subcommand report" -s V -l version -d 'Print version'
complete -c ragctl -n "__fish_ragctl_using_subcommand mock" -l host -d 'Address to listen on' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand mock" -l port -d 'Port to listen on; 0 picks a free one' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand mock" -l ttft -d 'Time to the first token: 300ms, uniform:100ms,400ms or lognormal:300ms,0.4' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand mock" -l token-rate -d 'Tokens per second after the first (default: all at once)' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand mock" -l latency -d 'Time to an answer that is not streamed, in the same forms' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand mock" -l fault -d 'Fault, in the form below; may be repeated, the first that applies happens' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand mock" -l seed -d 'Seed of the random choices' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand mock" -l config -d 'Config file [default: ./ragctl.toml, else the user\'s]' -r -F
complete -c ragctl -n "__fish_ragctl_using_subcommand mock" -l color -d 'When to use colours [default: auto]' -r -f -a "auto\t'When it goes to a terminal'
always\t'Always'
never\t'Never'"
complete -c ragctl -n "__fish_ragctl_using_subcommand mock" -l log-format -d 'Form of log lines: text for people, or one JSON object a line [default: text]' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c ragctl -n "__fish_ragctl_using_subcommand mock" -s v -l verbose -d 'More log lines (-vv: even more)'
complete -c ragctl -n "__fish_ragctl_using_subcommand mock" -s q -l quiet -d 'Only warnings and errors'
complete -c ragctl -n "__fish_ragctl_using_subcommand mock" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ragctl -n "__fish_ragctl_using_subcommand mock" -s V -l version -d 'Print version'
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and not __fish_seen_subcommand_from stats clear warm tune help" -l config -d 'Config file [default: ./ragctl.toml, else the user\'s]' -r -F
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and not __fish_seen_subcommand_from stats clear warm tune help" -l color -d 'When to use colours [default: auto]' -r -f -a "auto\t'When it goes to a terminal'
always\t'Always'
never\t'Never'"
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and not __fish_seen_subcommand_from stats clear warm tune help" -l log-format -d 'Form of log lines: text for people, or one JSON object a line [default: text]' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and not __fish_seen_subcommand_from stats clear warm tune help" -s v -l verbose -d 'More log lines (-vv: even more)'
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and not __fish_seen_subcommand_from stats clear warm tune help" -s q -l quiet -d 'Only warnings and errors'
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and not __fish_seen_subcommand_from stats clear warm tune help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and not __fish_seen_subcommand_from stats clear warm tune help" -s V -l version -d 'Print version'
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and not __fish_seen_subcommand_from stats clear warm tune help" -f -a "stats" -d 'Show the counters of a running server\'s cache'
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and not __fish_seen_subcommand_from stats clear warm tune help" -f -a "clear" -d 'Remove cached answers from a running server'
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and not __fish_seen_subcommand_from stats clear warm tune help" -f -a "warm" -d 'Ask a running server the questions of a file, so that their answers are cached'
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and not __fish_seen_subcommand_from stats clear warm tune help" -f -a "tune" -d 'Find the best settings: replay questions whose answers are known'
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and not __fish_seen_subcommand_from stats clear warm tune help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and __fish_seen_subcommand_from stats" -l url -d 'URL of the server' -r -f
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and __fish_seen_subcommand_from stats" -l json -d 'Print the counters as the server\'s JSON' -r -f -a "true\t''
false\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and __fish_seen_subcommand_from stats" -l config -d 'Config file [default: ./ragctl.toml, else the user\'s]' -r -F
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and __fish_seen_subcommand_from stats" -l color -d 'When to use colours [default: auto]' -r -f -a "auto\t'When it goes to a terminal'
always\t'Always'
never\t'Never'"
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and __fish_seen_subcommand_from stats" -l log-format -d 'Form of log lines: text for people, or one JSON object a line [default: text]' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and __fish_seen_subcommand_from stats" -s v -l verbose -d 'More log lines (-vv: even more)'
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and __fish_seen_subcommand_from stats" -s q -l quiet -d 'Only warnings and errors'
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and __fish_seen_subcommand_from stats" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and __fish_seen_subcommand_from stats" -s V -l version -d 'Print version'
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and __fish_seen_subcommand_from clear" -l url -d 'URL of the server' -r -f
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and __fish_seen_subcommand_from clear" -l all -d 'Remove all answers' -r -f -a "true\t''
false\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and __fish_seen_subcommand_from clear" -l namespace -d 'Remove those of one namespace, as `cache_metadata` names it' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and __fish_seen_subcommand_from clear" -l db -d 'Remove those from one DB' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and __fish_seen_subcommand_from clear" -l config -d 'Config file [default: ./ragctl.toml, else the user\'s]' -r -F
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and __fish_seen_subcommand_from clear" -l color -d 'When to use colours [default: auto]' -r -f -a "auto\t'When it goes to a terminal'
always\t'Always'
never\t'Never'"
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and __fish_seen_subcommand_from clear" -l log-format -d 'Form of log lines: text for people, or one JSON object a line [default: text]' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and __fish_seen_subcommand_from clear" -s v -l verbose -d 'More log lines (-vv: even more)'
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and __fish_seen_subcommand_from clear" -s q -l quiet -d 'Only warnings and errors'
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and __fish_seen_subcommand_from clear" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and __fish_seen_subcommand_from clear" -s V -l version -d 'Print version'
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and __fish_seen_subcommand_from warm" -l url -d 'URL of the server' -r -f
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and __fish_seen_subcommand_from warm" -l concurrency -d 'Questions at once' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and __fish_seen_subcommand_from warm" -l db -d 'DB to ask' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and __fish_seen_subcommand_from warm" -l config -d 'Config file [default: ./ragctl.toml, else the user\'s]' -r -F
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and __fish_seen_subcommand_from warm" -l color -d 'When to use colours [default: auto]' -r -f -a "auto\t'When it goes to a terminal'
always\t'Always'
never\t'Never'"
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and __fish_seen_subcommand_from warm" -l log-format -d 'Form of log lines: text for people, or one JSON object a line [default: text]' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and __fish_seen_subcommand_from warm" -s v -l verbose -d 'More log lines (-vv: even more)'
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and __fish_seen_subcommand_from warm" -s q -l quiet -d 'Only warnings and errors'
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and __fish_seen_subcommand_from warm" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and __fish_seen_subcommand_from warm" -s V -l version -d 'Print version'
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and __fish_seen_subcommand_from tune" -l data-dir -d 'Folder of the DBs [default: data/kb]' -r -f -a "(__fish_complete_directories)"
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and __fish_seen_subcommand_from tune" -l db -d 'DB of requests that name none [default: default]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and __fish_seen_subcommand_from tune" -l provider -d 'Who answers, and embeds if it can [default: auto]' -r -f -a "auto\t''
ollama\t''
openai\t''
embedded\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and __fish_seen_subcommand_from tune" -l ollama-url -d 'URL of the Ollama server [default: http://localhost:11434]' -r -f
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and __fish_seen_subcommand_from tune" -l llm-model -d 'Name of the LLM at Ollama [default: llama3.1:8b]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and __fish_seen_subcommand_from tune" -l embed-model -d 'Name of the embedding model at Ollama, or the folder of a model2vec model [default: nomic-embed-text]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and __fish_seen_subcommand_from tune" -l openai-base-url -d 'URL of the OpenAI-compatible server, usually ending in /v1 [default: https://api.openai.com/v1]' -r -f
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and __fish_seen_subcommand_from tune" -l openai-api-key -d 'API key of the OpenAI-compatible server' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and __fish_seen_subcommand_from tune" -l openai-model -d 'Name of the LLM at the OpenAI-compatible server [default: gpt-4o-mini]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and __fish_seen_subcommand_from tune" -l openai-embed-model -d 'Name of the embedding model at the OpenAI-compatible server [default: text-embedding-3-small]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and __fish_seen_subcommand_from tune" -l connect-timeout -d 'Longest wait for a connection to an LLM server, in seconds [default: 5]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and __fish_seen_subcommand_from tune" -l read-timeout -d 'Longest silence of an LLM server, in seconds [default: 180]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and __fish_seen_subcommand_from tune" -l openai-connect-timeout -d 'Longest wait for a connection to the OpenAI-compatible server, in seconds [default: that of --connect-timeout]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and __fish_seen_subcommand_from tune" -l openai-read-timeout -d 'Longest silence of the OpenAI-compatible server, in seconds [default: that of --read-timeout]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and __fish_seen_subcommand_from tune" -l upstream -d 'LLM servers that are asked one after another until one answers, instead of that of the settings above [default: the server of the settings above]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and __fish_seen_subcommand_from tune" -l upstream-order -d 'Which of several upstreams is asked first [default: listed]' -r -f -a "listed\t''
weight\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and __fish_seen_subcommand_from tune" -l embedder -d 'Who embeds [default: auto]' -r -f -a "auto\t''
embedded\t''
ollama\t''
openai\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and __fish_seen_subcommand_from tune" -l embed-url -d 'URL of the server that embeds, when it is another than the LLM\'s [default: that of the LLM server]' -r -f
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and __fish_seen_subcommand_from tune" -l embed-api-key -d 'API key of the server that embeds [default: that of the LLM server]' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and __fish_seen_subcommand_from tune" -l bound -d 'Largest share of questions that may get another question\'s answer' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and __fish_seen_subcommand_from tune" -l a -d 'First of two settings to compare: a threshold, or `verified`' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and __fish_seen_subcommand_from tune" -l b -d 'Second of the two settings' -r
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and __fish_seen_subcommand_from tune" -l format -d 'Form of the report' -r -f -a "table\t'For people'
json\t'One JSON object'
csv\t'One line a setting'"
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and __fish_seen_subcommand_from tune" -s o -l output -d 'Write the measurements to a file, .csv or .json; may be repeated' -r -F
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and __fish_seen_subcommand_from tune" -l save -d 'Store the best threshold for the embedder, so that `ragctl serve` starts from it' -r -f -a "true\t''
false\t''"
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and __fish_seen_subcommand_from tune" -l config -d 'Config file [default: ./ragctl.toml, else the user\'s]' -r -F
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and __fish_seen_subcommand_from tune" -l color -d 'When to use colours [default: auto]' -r -f -a "auto\t'When it goes to a terminal'
always\t'Always'
never\t'Never'"
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and __fish_seen_subcommand_from tune" -l log-format -d 'Form of log lines: text for people, or one JSON object a line [default: text]' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and __fish_seen_subcommand_from tune" -s v -l verbose -d 'More log lines (-vv: even more)'
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and __fish_seen_subcommand_from tune" -s q -l quiet -d 'Only warnings and errors'
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and __fish_seen_subcommand_from tune" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and __fish_seen_subcommand_from tune" -s V -l version -d 'Print version'
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and __fish_seen_subcommand_from help" -f -a "stats" -d 'Show the counters of a running server\'s cache'
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and __fish_seen_subcommand_from help" -f -a "clear" -d 'Remove cached answers from a running server'
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and __fish_seen_subcommand_from help" -f -a "warm" -d 'Ask a running server the questions of a file, so that their answers are cached'
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and __fish_seen_subcommand_from help" -f -a "tune" -d 'Find the best settings: replay questions whose answers are known'
complete -c ragctl -n "__fish_ragctl_using_subcommand cache; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ragctl -n "__fish_ragctl_using_subcommand help; and not __fish_seen_subcommand_from serve export import config completions man ingest docs sync query search reindex try verify eval bench monitor report mock cache help" -f -a "serve" -d 'Run the API over your documents'
complete -c ragctl -n "__fish_ragctl_using_subcommand help; and not __fish_seen_subcommand_from serve export import config completions man ingest docs sync query search reindex try verify eval bench monitor report mock cache help" -f -a "export" -d 'Write a DB into one file'
complete -c ragctl -n "__fish_ragctl_using_subcommand help; and not __fish_seen_subcommand_from serve export import config completions man ingest docs sync query search reindex try verify eval bench monitor report mock cache help" -f -a "import" -d 'Make a DB of a file that `ragctl export` wrote'
complete -c ragctl -n "__fish_ragctl_using_subcommand help; and not __fish_seen_subcommand_from serve export import config completions man ingest docs sync query search reindex try verify eval bench monitor report mock cache help" -f -a "config" -d 'Show, check or write settings'
complete -c ragctl -n "__fish_ragctl_using_subcommand help; and not __fish_seen_subcommand_from serve export import config completions man ingest docs sync query search reindex try verify eval bench monitor report mock cache help" -f -a "completions" -d 'Print a completion script for a shell'
complete -c ragctl -n "__fish_ragctl_using_subcommand help; and not __fish_seen_subcommand_from serve export import config completions man ingest docs sync query search reindex try verify eval bench monitor report mock cache help" -f -a "man" -d 'Print the manual page'
complete -c ragctl -n "__fish_ragctl_using_subcommand help; and not __fish_seen_subcommand_from serve export import config completions man ingest docs sync query search reindex try verify eval bench monitor report mock cache help" -f -a "ingest" -d 'Read documents into a DB'
complete -c ragctl -n "__fish_ragctl_using_subcommand help; and not __fish_seen_subcommand_from serve export import config completions man ingest docs sync query search reindex try verify eval bench monitor report mock cache help" -f -a "docs" -d 'List, show and remove documents'
complete -c ragctl -n "__fish_ragctl_using_subcommand help; and not __fish_seen_subcommand_from serve export import config completions man ingest docs sync query search reindex try verify eval bench monitor report mock cache help" -f -a "sync" -d 'Bring a DB to the state of a folder, once'
complete -c ragctl -n "__fish_ragctl_using_subcommand help; and not __fish_seen_subcommand_from serve export import config completions man ingest docs sync query search reindex try verify eval bench monitor report mock cache help" -f -a "query" -d 'Ask a question'
complete -c ragctl -n "__fish_ragctl_using_subcommand help; and not __fish_seen_subcommand_from serve export import config completions man ingest docs sync query search reindex try verify eval bench monitor report mock cache help" -f -a "search" -d 'Show which passages a question finds, and why'
complete -c ragctl -n "__fish_ragctl_using_subcommand help; and not __fish_seen_subcommand_from serve export import config completions man ingest docs sync query search reindex try verify eval bench monitor report mock cache help" -f -a "reindex" -d 'Embed a DB with another model, or cut it into other chunks, while it answers'
complete -c ragctl -n "__fish_ragctl_using_subcommand help; and not __fish_seen_subcommand_from serve export import config completions man ingest docs sync query search reindex try verify eval bench monitor report mock cache help" -f -a "try" -d 'Compare the generation of a DB that was built with the one that answers'
complete -c ragctl -n "__fish_ragctl_using_subcommand help; and not __fish_seen_subcommand_from serve export import config completions man ingest docs sync query search reindex try verify eval bench monitor report mock cache help" -f -a "verify" -d 'Check a stored answer against the documents as they are now'
complete -c ragctl -n "__fish_ragctl_using_subcommand help; and not __fish_seen_subcommand_from serve export import config completions man ingest docs sync query search reindex try verify eval bench monitor report mock cache help" -f -a "eval" -d 'Measure the quality of retrieval and of answers on a collection in BEIR layout'
complete -c ragctl -n "__fish_ragctl_using_subcommand help; and not __fish_seen_subcommand_from serve export import config completions man ingest docs sync query search reindex try verify eval bench monitor report mock cache help" -f -a "bench" -d 'Put load on an API and measure it; compare measurements'
complete -c ragctl -n "__fish_ragctl_using_subcommand help; and not __fish_seen_subcommand_from serve export import config completions man ingest docs sync query search reindex try verify eval bench monitor report mock cache help" -f -a "monitor" -d 'Watch servers in the terminal'
complete -c ragctl -n "__fish_ragctl_using_subcommand help; and not __fish_seen_subcommand_from serve export import config completions man ingest docs sync query search reindex try verify eval bench monitor report mock cache help" -f -a "report" -d 'Summarize recordings and load tests in a deployment report'
complete -c ragctl -n "__fish_ragctl_using_subcommand help; and not __fish_seen_subcommand_from serve export import config completions man ingest docs sync query search reindex try verify eval bench monitor report mock cache help" -f -a "mock" -d 'Run a fake Ollama and OpenAI upstream, with latencies and faults of your choice'
complete -c ragctl -n "__fish_ragctl_using_subcommand help; and not __fish_seen_subcommand_from serve export import config completions man ingest docs sync query search reindex try verify eval bench monitor report mock cache help" -f -a "cache" -d 'Show, clear, fill and tune the semantic cache'
complete -c ragctl -n "__fish_ragctl_using_subcommand help; and not __fish_seen_subcommand_from serve export import config completions man ingest docs sync query search reindex try verify eval bench monitor report mock cache help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ragctl -n "__fish_ragctl_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "show" -d 'Print every setting, its value and where it comes from'
complete -c ragctl -n "__fish_ragctl_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "check" -d 'Check the settings and say what is wrong'
complete -c ragctl -n "__fish_ragctl_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "example" -d 'Print a config file with every setting and its default'
complete -c ragctl -n "__fish_ragctl_using_subcommand help; and __fish_seen_subcommand_from docs" -f -a "list" -d 'List the documents of a DB'
complete -c ragctl -n "__fish_ragctl_using_subcommand help; and __fish_seen_subcommand_from docs" -f -a "show" -d 'Show a document: its headings, its pages, how well it could be read'
complete -c ragctl -n "__fish_ragctl_using_subcommand help; and __fish_seen_subcommand_from docs" -f -a "delete" -d 'Remove documents from a DB'
complete -c ragctl -n "__fish_ragctl_using_subcommand help; and __fish_seen_subcommand_from bench" -f -a "compare" -d 'Compare stored results'
complete -c ragctl -n "__fish_ragctl_using_subcommand help; and __fish_seen_subcommand_from bench" -f -a "ab" -d 'Compare two servers, round by round in turns: the comparison to rely on'
complete -c ragctl -n "__fish_ragctl_using_subcommand help; and __fish_seen_subcommand_from bench" -f -a "merge" -d 'Add up the results of several load generators'
complete -c ragctl -n "__fish_ragctl_using_subcommand help; and __fish_seen_subcommand_from cache" -f -a "stats" -d 'Show the counters of a running server\'s cache'
complete -c ragctl -n "__fish_ragctl_using_subcommand help; and __fish_seen_subcommand_from cache" -f -a "clear" -d 'Remove cached answers from a running server'
complete -c ragctl -n "__fish_ragctl_using_subcommand help; and __fish_seen_subcommand_from cache" -f -a "warm" -d 'Ask a running server the questions of a file, so that their answers are cached'
complete -c ragctl -n "__fish_ragctl_using_subcommand help; and __fish_seen_subcommand_from cache" -f -a "tune" -d 'Find the best settings: replay questions whose answers are known'

// stepworks-supervisor owns one run of one tool: it starts it, watches it, ends it and proves that nothing is left.
//
//   daemon ──stdin: orders (orders.h); closed: daemon gone──▶ supervisor ──fork──▶ tool ──▶ its descendants
//      ▲                                                       │  │  sub-reaper of everything below
//      └──────stdout: a byte when messages.jsonl has grown─────┘  ▼
//                              log directory: messages.jsonl  tool.log  tool.log.1  exit.json
#include "options.h"
#include "reap.h"
#include "supervise.h"

int main(int count, char **arguments) {
  struct options options = parse_options(count, arguments);
  return options.reap_run_id ? reap_run(&options) : supervise(&options);
}

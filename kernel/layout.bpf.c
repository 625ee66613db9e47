/* SPDX-License-Identifier: GPL-2.0-only */
/* Never loaded. It holds one of each struct of the two contracts, so that the object's BTF describes them all to tools/gen-layout. */
#include "vmlinux.h"
#include "event.h"
#include "rule.h"

struct fork_event    fork_event;
struct exit_event    exit_event;
struct exec_event    exec_event;
struct module_event  module_event;
struct socket_event  socket_event;
struct cut_socket    cut_socket;
struct test_event    test_event;
struct counters	     counters;
struct subject	     subject;
struct place_key     place_key;
struct place	     place;
struct traffic_key   traffic_key;
struct traffic_request traffic_request;
struct path_key	     path_key;
struct rule_value    rule_value;
struct control	     control;

/* Constants that both sides need; an enum is in BTF only if something has its type. */
enum event_type	 event_type;
enum program	 program;
enum exec_form	 exec_form;
enum outcome	 outcome;
enum module_form module_form;
enum abi	 abi;

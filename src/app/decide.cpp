// SPDX-License-Identifier: Apache-2.0
// keyshift pair and keyshift ack: what operators decide, kept in the state beside the daemon.
#include <any>
#include <cstdio>

#include "app/commands.hpp"
#include "app/configuration.hpp"
#include "app/decisions.hpp"
#include "app/exit_code.hpp"
#include "app/picture.hpp"
#include "base/utf8.hpp"
#include "collectors/database.hpp"
#include "collectors/key_source.hpp"
#include "collectors/keys.hpp"
#include "drivers/interrupt.hpp"
#include "drivers/postgres.hpp"
#include "drivers/postgres_transaction.hpp"

namespace keyshift::app {
namespace {

using base::Errc;
using base::Error;
using base::Result;

Result<void> check_legacy(store::State& state, const std::string& id) {
    const auto key = state.load_key(id);
    if (!key) return key.error();
    if (!*key) return unknown_key(id);
    return {};
}

/// A mistyped id would keep the key from ever being paired by the other rules.
Result<void> check_modern(const config::Config& config, const std::string& id) {
    const auto collector = keys_collector(config);
    if (!collector) return collector.error();
    const auto& options = std::any_cast<const collectors::KeysOptions&>((*collector)->options);
    const base::Duration timeout = (*collector)->schedule.timeout;
    drivers::Interrupt interrupt;
    drivers::Postgres connection(interrupt);
    const auto deadline = base::Deadline::in(timeout);
    if (auto connected = collectors::connect(connection, options.database_url, deadline); !connected)
        return connected;
    auto transaction =
        drivers::PostgresTransaction::begin(connection, collectors::limits_within(timeout), deadline);
    if (!transaction) return transaction.error();
    const auto source = collectors::KeySource::resolve(*transaction, config.gateway, deadline);
    if (!source) return source.error();
    const auto rows = transaction->query(source->is_legacy(), deadline, {id});
    if (!rows) return rows.error();
    if (auto ended = transaction->commit(deadline); !ended) return ended;
    if (rows->size() == 0)
        return Error{Errc::usage, "there is no key " + base::visible(id), "check the id of the new key"};
    if (rows->at(0, 0).value_or("") != "false") {
        return Error{Errc::usage, "key " + base::visible(id) + " is a legacy key too",
                     "a replacement has a lookup hash"};
    }
    return {};
}

int finish(const Result<void>& done, const std::string& message) {
    if (!done) return print_error(done.error()), exit_code(done.error());
    std::printf("%s; a running daemon takes it into account at its next poll\n", message.c_str());
    return kOk;
}

}  // namespace

int run_pair(const PairCommand& command) {
    const auto config = load_configuration(command.config);
    if (!config) return kConfig;
    auto done = [&]() -> Result<void> {
        const auto state = open_state(*config);
        if (!state) return state.error();
        if (auto known = check_legacy(**state, command.legacy); !known) return known;
        if (auto modern = check_modern(*config, command.replacement); !modern) return modern;
        const auto at = decision_time(**state);
        if (!at) return at.error();
        return save_decision(**state,
                             store::OperatorPair{command.legacy, command.replacement, *at, user_name()});
    }();
    return finish(done, base::visible(command.replacement) + " replaces " + base::visible(command.legacy));
}

int run_ack(const AckCommand& command) {
    const auto config = load_configuration(command.config);
    if (!config) return kConfig;
    auto done = [&]() -> Result<void> {
        const auto state = open_state(*config);
        if (!state) return state.error();
        if (auto known = check_legacy(**state, command.id); !known) return known;
        const auto at = decision_time(**state);
        if (!at) return at.error();
        return save_decision(**state, store::Acknowledgement{command.id, *at, user_name(), command.note});
    }();
    return finish(done, base::visible(command.id) + " is acknowledged");
}

}  // namespace keyshift::app

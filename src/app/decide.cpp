// SPDX-License-Identifier: Apache-2.0
// keyshift pair and keyshift ack: what operators decide, kept in the state beside the daemon.
#include <any>
#include <cstdio>

#include <pwd.h>
#include <unistd.h>

#include "app/commands.hpp"
#include "app/configuration.hpp"
#include "app/exit_code.hpp"
#include "app/picture.hpp"
#include "app/saved_evidence.hpp"
#include "base/utf8.hpp"
#include "collectors/database.hpp"
#include "collectors/key_source.hpp"
#include "collectors/keys.hpp"
#include "drivers/interrupt.hpp"
#include "drivers/postgres.hpp"

namespace keyshift::app {
namespace {

using base::Errc;
using base::Error;
using base::Result;

/// Who is at the keyboard: the one who called sudo, where it was used.
std::string user_name() {
    if (auto sudo = config::non_empty(config::process_environment(), "SUDO_USER")) return *std::move(sudo);
    const passwd* const entry =
        ::getpwuid(::geteuid());  // NOLINT(concurrency-mt-unsafe): a command's one thread
    return entry != nullptr ? entry->pw_name : "uid " + std::to_string(::geteuid());
}

Result<std::unique_ptr<store::State>> open_state(const config::Config& config) {
    auto state = store::State::attach(config.state.directory);
    if (state && !*state) {
        return Error{Errc::config, "there is no state in " + config.state.directory.string(),
                     "start keyshift serve first, or give its configuration with --config"};
    }
    return state;
}

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
    if (auto connected = collectors::connect(connection, options.database_url, timeout, deadline); !connected)
        return connected;
    const auto source = collectors::KeySource::resolve(connection, config.gateway, deadline);
    if (!source) return source.error();
    const auto rows = connection.query(source->is_legacy(), deadline, {id});
    if (!rows) return rows.error();
    if (rows->size() == 0)
        return Error{Errc::usage, "there is no key " + base::visible(id), "check the id of the new key"};
    if (rows->at(0, 0).value_or("") != "false") {
        return Error{Errc::usage, "key " + base::visible(id) + " is a legacy key too",
                     "a replacement has a lookup hash"};
    }
    return {};
}

template <class Decision>
Result<void> save(store::State& state, const Decision& decision) {
    auto transaction = state.begin();
    if (!transaction) return transaction.error();
    transaction->decide(decision);
    return transaction->commit();
}

/// A decision is compared with what rows say, so it carries the database's time, by as much as the daemon's
/// last poll found this host's clock to differ.
Result<base::Time> decision_time(store::State& state) {
    const auto facts = state.load_facts();
    if (!facts) return facts.error();
    return base::now() - load_skew(*facts);
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
        return save(**state, store::OperatorPair{command.legacy, command.replacement, *at, user_name()});
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
        return save(**state, store::Acknowledgement{command.id, *at, user_name(), command.note});
    }();
    return finish(done, base::visible(command.id) + " is acknowledged");
}

}  // namespace keyshift::app

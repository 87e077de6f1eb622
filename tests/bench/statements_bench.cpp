// SPDX-License-Identifier: Apache-2.0
// Own CPU time of a look at 5,000 entries of pg_stat_statements: texts that are new, and none. As JSON.
#include <ctime>
#include <iostream>
#include <string>
#include <vector>

#include "collectors/statements/counts.hpp"
#include "config/config.hpp"

namespace {

using keyshift::collectors::StatementClasses;
using keyshift::collectors::StatementCounts;
using keyshift::collectors::StatementStatistics;
using keyshift::collectors::StatementText;

constexpr std::size_t kEntries = 5000;

double cpu_ms() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

/// The gateway's own shapes in turn, each with a column of its own: what the server gives for one that does
/// not name the table is empty.
std::string text(std::size_t i, std::size_t naming) {
    if (i >= naming) return "";
    const std::string own = "c" + std::to_string(i);
    switch (i % 3) {
        case 0:
            return "SELECT id, key_hash, key_lookup_hash, key_prefix, user_id, name, max_budget, "
                   "current_spend, "
                   "rate_limit_rpm, rate_limit_tpm, allowed_models, expires_at, blocked, created_at, "
                   "last_used_at, " +
                   own + " FROM virtual_keys WHERE key_lookup_hash = $1";
        case 1:
            return "UPDATE virtual_keys SET last_used_at = NOW(), " + own + " = $2 WHERE id = $1";
        default:
            return "SELECT k.id, k.key_hash, u.email, " + own +
                   " FROM virtual_keys k JOIN users u ON u.id = k.user_id WHERE (k.key_lookup_hash IS NULL)";
    }
}

void measure(std::size_t naming) {
    const auto none = [](std::string_view) { return std::nullopt; };
    const auto gateway = keyshift::config::parse("{}", "k.yaml", none, {}).config.gateway;
    StatementStatistics statistics{"db", {}, "r", 0, false, {}};
    std::vector<StatementText> texts;
    for (std::size_t i = 0; i < kEntries; ++i) {
        const std::string id = "10/" + std::to_string(1234567890123456789 + i) + "/true";
        statistics.entries.push_back({id, "", i, i});
        texts.push_back({id, text(i, naming), "gateway"});
    }
    StatementCounts counts(StatementClasses::presumed(gateway));
    static_cast<void>(counts.classes().of("SELECT 1 FROM virtual_keys"));  // loads the library
    const double before = cpu_ms();
    counts.learn(statistics, texts);
    const double learnt = cpu_ms();
    counts.count(statistics);
    constexpr int kLooks = 20;
    const double begin = cpu_ms();
    for (int i = 0; i < kLooks; ++i) {
        static_cast<void>(counts.needs_texts(statistics));
        counts.count(statistics);
    }
    std::cout << "{\"entries\": " << kEntries << ", \"naming_the_table\": " << naming
              << ", \"new_texts_ms\": " << learnt - before
              << ", \"no_new_texts_ms\": " << (cpu_ms() - begin) / kLooks << "}\n";
}

}  // namespace

int main() {
    for (const std::size_t naming : {20U, 200U, 1000U, 5000U}) measure(naming);
}

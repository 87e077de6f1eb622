// SPDX-License-Identifier: Apache-2.0
// What every document has that tells of a judgement: the verdict with its checks, of which moment it is, and
// by which configuration. Pure values.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/configuration.hpp"
#include "base/time.hpp"
#include "domain/assess.hpp"
#include "domain/model.hpp"
#include "domain/verdict/verdict.hpp"

namespace keyshift::api {

struct CheckedItem {
    std::string check = {};     ///< its name
    std::string outcome = {};   ///< see domain::outcome_name
    std::string evidence = {};  ///< for people
    std::optional<base::Time> passes_at = {};

    template <class Archive, class Self>
    static void describe(Archive& a, Self& self) {
        a("check", self.check);
        a("outcome", self.outcome);
        a("evidence", self.evidence);
        a("passes_at", self.passes_at);
    }
};

struct Answer {
    std::string verdict = "UNKNOWN";  ///< see domain::verdict_name
    /// Why it is UNKNOWN whatever the checks come to; empty: it is what they come to.
    std::optional<std::string> reason = {};
    /// What stands for "may the fallback be removed" where there is none: a clause without a full stop.
    std::optional<std::string> headline = {};
    std::optional<base::Time> earliest_safe = {};
    std::vector<std::string> not_measured = {};  ///< names of checks
    std::vector<std::string> caveats = {};       ///< what whoever reads only the first line has to know
    /// What became of the last brownout or cutover that an operator has marked; empty: there is none. It is
    /// no part of any check.
    std::optional<std::string> last_mark = {};
    std::vector<CheckedItem> checks = {};

    template <class Archive, class Self>
    static void describe(Archive& a, Self& self) {
        a("verdict", self.verdict);
        a("reason", self.reason);
        a("headline", self.headline);
        a("earliest_safe", self.earliest_safe);
        a("not_measured", self.not_measured);
        a("caveats", self.caveats);
        a("last_mark", self.last_mark);
        a("checks", self.checks);
    }
};

struct Judged {
    base::Time at = {};                      ///< by the database's clock
    std::optional<base::Time> read_at = {};  ///< the last poll of the key table
    std::string from = "nothing";            ///< daemon, one pass, state, nothing
    Answer answer = {};
    std::optional<Configuration> configuration;  ///< by which it is judged; empty: none is known
    std::vector<Difference> differences = {};    ///< found by the one who asks

    template <class Archive, class Self>
    static void describe_origin(Archive& a, Self& self) {
        a("at", self.at);
        a("read_at", self.read_at);
        a("from", self.from);
    }
    template <class Archive, class Self>
    static void describe_configuration(Archive& a, Self& self) {
        a("configuration", self.configuration);
        a("differences", self.differences);
    }
};

/// The parts that all documents share, at `now` of the database's clock.
Judged judged(const domain::Model& model, const domain::Assessment& assessment, base::Time now,
              std::string_view from);

/// The checks stay as they are, but what they come to is nobody's verdict: it is UNKNOWN, for this reason.
void make_unknown(Judged& judged, std::string reason);

/// Compares with what the one who asks has configured. Judgements by two configurations must not be mixed, so
/// that one that differs makes it UNKNOWN.
void compare(Judged& judged, const Configuration& asked);

/// The exit code of `keyshift verdict`; that of UNKNOWN for a verdict that is not known here.
domain::Verdict verdict_of(const Answer& answer);

}  // namespace keyshift::api

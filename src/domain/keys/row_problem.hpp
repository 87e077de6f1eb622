// SPDX-License-Identifier: Apache-2.0
// What can be wrong with a row of the key table: values that contradict each other, or what was seen.
// Values: safe to share.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace keyshift::domain {

enum class RowProblem : std::uint8_t {
    expiry_before_creation,
    expiry_before_use,
    budget_not_positive,
    use_before_creation,
    use_in_future,
    creation_unknown,
    flag_unknown,    ///< whether it is blocked, or legacy, is NULL
    hash_empty,      ///< the lookup hash is empty or blank
    hash_malformed,  ///< ... has not the shape of a lookup hash
    hash_short,      ///< ... is shorter than any hash, and no shape is configured
    hash_shared,     ///< ... stands in another row too
    neither,         ///< fits neither the test of legacy keys nor that of modern ones
};
inline constexpr std::array<RowProblem, 12> kRowProblems{RowProblem::expiry_before_creation,
                                                         RowProblem::expiry_before_use,
                                                         RowProblem::budget_not_positive,
                                                         RowProblem::use_before_creation,
                                                         RowProblem::use_in_future,
                                                         RowProblem::creation_unknown,
                                                         RowProblem::flag_unknown,
                                                         RowProblem::hash_empty,
                                                         RowProblem::hash_malformed,
                                                         RowProblem::hash_short,
                                                         RowProblem::hash_shared,
                                                         RowProblem::neither};

/// The value of the label `problem`.
std::string_view problem_name(RowProblem problem);

/// A set of them.
class RowProblems {
 public:
    void add(RowProblem problem) { bits_ = static_cast<std::uint16_t>(bits_ | bit(problem)); }
    bool has(RowProblem problem) const { return (bits_ & bit(problem)) != 0; }
    bool empty() const { return bits_ == 0; }
    bool operator==(const RowProblems&) const = default;

 private:
    static std::uint16_t bit(RowProblem problem) {
        return static_cast<std::uint16_t>(1U << static_cast<unsigned>(problem));
    }
    std::uint16_t bits_ = 0;
};

/// Rows with each problem, in the order of kRowProblems.
using RowProblemCounts = std::array<std::uint64_t, kRowProblems.size()>;
inline std::uint64_t count_of(const RowProblemCounts& counts, RowProblem problem) {
    return counts.at(static_cast<std::size_t>(problem));
}
inline void add(RowProblems problems, RowProblemCounts& counts) {
    if (problems.empty()) return;
    for (std::size_t i = 0; i < counts.size(); ++i)
        if (problems.has(kRowProblems.at(i))) ++counts.at(i);
}

}  // namespace keyshift::domain

// SPDX-License-Identifier: Apache-2.0
// One transaction of the state with as many changed keys, in a journal of many: what a busy cycle costs. The
// state takes turns with a plain sequential write and fsync of the same number of bytes, which shows what the
// disk does meanwhile.
//     bench_state [KEYS [CHANGED [PARENT]]]      default: 1000000 10000, $TMPDIR or /tmp: a directory is made
//     there, and removed
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include "contract/temporary_directory.hpp"
#include "store/state.hpp"

namespace {

using namespace keyshift;
using Clock = std::chrono::steady_clock;
namespace fs = std::filesystem;

constexpr double kTargetMs = 100;
constexpr int kRounds = 15;

double ms_since(Clock::time_point began) {
    return std::chrono::duration<double, std::milli>(Clock::now() - began).count();
}

double median(std::vector<double> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

/// The texts of one key, and the key that views them.
class Example {
 public:
    const domain::Key& of(std::uint32_t row, base::Time last_used_at) {
        char text[64];
        const auto n = static_cast<std::uint64_t>(row) * 0x9E37'79B9'7F4A'7C15ULL;
        id_.assign(text, static_cast<std::size_t>(std::snprintf(
                             text, sizeof text, "%08x-%04x-4%03x-8%03x-%012llx",
                             static_cast<unsigned>(n >> 32U), static_cast<unsigned>(n & 0xFFFFU),
                             row & 0xFFFU, row >> 12U & 0xFFFU, static_cast<unsigned long long>(n >> 16U))));
        owner_ = id_;
        owner_[0] = 'f';
        name_ = "Production API " + std::to_string(row);
        key_.id = id_;
        key_.owner = owner_;
        key_.name = name_;
        key_.prefix = "sk-AbC12345";
        key_.created_at = base::Time{std::chrono::seconds{1'700'000'000 + row}};
        key_.last_used_at = last_used_at;
        key_.bcrypt_cost = 12;
        key_.legacy = true;
        return key_;
    }

 private:
    std::string id_, owner_, name_;
    domain::Key key_;
};

void check(const base::Result<void>& done) {
    if (!done) throw std::runtime_error(done.error().what);
}

store::Transaction begin(store::State& state) {
    auto transaction = state.begin();
    if (!transaction) throw std::runtime_error(transaction.error().what);
    return std::move(*transaction);
}

std::uint32_t seconds(base::Time t) {
    return static_cast<std::uint32_t>(t.time_since_epoch() / std::chrono::seconds{1});
}

double fill(store::State& state, std::uint32_t keys, base::Time now) {
    const auto began = Clock::now();
    Example example;
    auto transaction = begin(state);
    for (std::uint32_t row = 1; row <= keys; ++row) {
        transaction.add_key(example.of(row, now), row, domain::Phase::pending, now);
    }
    check(transaction.commit());
    return ms_since(began);
}

/// `changed` keys, evenly spread over the journal, were used and entered another phase.
double change(store::State& state, std::uint32_t keys, std::uint32_t changed, base::Time now) {
    const auto began = Clock::now();
    auto transaction = begin(state);
    for (std::uint32_t i = 0; i < changed; ++i) {
        const auto row = static_cast<std::uint32_t>(std::uint64_t{i} * keys / changed + 1);
        transaction.remember({.row = row,
                              .last_used = seconds(now),
                              .longest_gap = 3600,
                              .since = seconds(now),
                              .phase = domain::Phase::overlap,
                              .candidate = domain::Phase::overlap});
        transaction.add_event({.at = now,
                               .kind = store::event::kPhase,
                               .row = row,
                               .was = domain::Phase::issued,
                               .phase = domain::Phase::overlap});
    }
    transaction.set_counter("legacy_uses_observed", "", changed);
    check(transaction.commit());
    return ms_since(began);
}

double write_and_sync(const fs::path& file, std::size_t bytes) {
    const std::string data(bytes, 'x');
    const auto began = Clock::now();
    const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    const bool written = descriptor >= 0 &&
                         ::write(descriptor, data.data(), bytes) == static_cast<ssize_t>(bytes) &&
                         ::fsync(descriptor) == 0;
    ::close(descriptor);
    if (!written) throw std::runtime_error("cannot write " + file.string());
    return ms_since(began);
}

void run(std::uint32_t keys, std::uint32_t changed, const fs::path& directory) {
    auto opened = store::State::open(directory);
    if (!opened) throw std::runtime_error(opened.error().what);
    store::State& state = **opened;
    base::Time now = base::now();
    const double filled = fill(state, keys, now);
    std::vector<double> uses;
    std::vector<double> writes;
    for (int round = 0; round < kRounds; ++round) {
        now += std::chrono::seconds{30};
        uses.push_back(change(state, keys, changed, now));
        writes.push_back(write_and_sync(directory / "raw", std::size_t{changed} * 4096));
    }
    const double measured = median(uses);
    std::printf("\nState transaction with %u of %u keys changed\n", changed, keys);
    std::printf("  measured  %7.1f ms   worst %.1f ms   target <= %.0f ms   ", measured,
                *std::max_element(uses.begin(), uses.end()), kTargetMs);
    if (measured <= kTargetMs)
        std::puts("PASS");
    else
        std::printf("MISS by %.0f %%\n", 100 * (measured / kTargetMs - 1));
    std::printf("  peer      %7.1f ms   (write and fsync of a page for each)\n", median(writes));
    std::printf("  journal filled in %.0f ms, %.2f us a key, %.0f MiB\n", filled, 1000 * filled / keys,
                static_cast<double>(state.size_bytes()) / 1048576);
}

}  // namespace

int main(int argc, char** argv) {
    const auto number = [&](int index, std::uint32_t otherwise) {
        return argc > index ? static_cast<std::uint32_t>(std::strtoul(argv[index], nullptr, 10)) : otherwise;
    };
    try {
        const TemporaryDirectory directory("bench-state",
                                           argc > 3 ? fs::path(argv[3]) : fs::temp_directory_path());
        run(number(1, 1'000'000), number(2, 10'000), directory.path());
    } catch (const std::exception& e) {
        std::fprintf(stderr, "bench_state: %s\n", e.what());
        return 1;
    }
    return 0;
}

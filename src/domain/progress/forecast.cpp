// SPDX-License-Identifier: Apache-2.0
// When the last legacy key will be gone. Removals come in bursts: an owner deletes twenty keys in a minute,
// and then nothing happens for days. A straight line through the samples would follow the bursts. So the
// speed is the median of the slopes between points at even distances in time (Theil and Sen), which a burst
// moves little, and the range comes from drawing days again at random (bootstrap) with a fixed seed: the same
// history gives the same range. Where too little was removed, or for too short a time, there is no estimate.
#include "domain/progress/forecast.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <random>
#include <ratio>
#include <vector>

namespace keyshift::domain {
namespace {

using Days = std::chrono::duration<double, std::ratio<86'400>>;

constexpr base::Duration kDay = std::chrono::hours{24};
/// Beyond it a date says no more than "not at this pace".
constexpr int kHorizonDays = 10 * 365;
constexpr std::size_t kMinRemovals = 3;
constexpr double kMinPercentRemoved = 1;
constexpr base::Duration kMinSpan = kDay;
constexpr base::Duration kMinSpanOfSpread = 7 * kDay;
constexpr int kGridPoints = 300;
constexpr std::size_t kRuns = 2'000;
constexpr std::uint64_t kSeed = 20'260'110;

/// What was removed within the window: a step function, as a removal counts from when it was noticed.
class History {
 public:
    History(std::span<const RemovedAt> samples, base::Time now) : now_(now) {
        samples = samples.first(up_to(samples, now));
        if (samples.empty()) return;
        begin_ = std::max(samples.front().at, now - kForecastWindow);
        samples_ = samples.subspan(up_to(samples, begin_) - 1);
    }

    base::Time begin() const { return begin_; }
    base::Time end() const { return now_; }
    base::Duration sampled() const {
        return samples_.empty() ? base::Duration::zero() : samples_.back().at - begin_;
    }
    double removed() const { return static_cast<double>(samples_.back().removed); }

    std::size_t removals() const {
        std::size_t count = 0;
        for (std::size_t i = 1; i < samples_.size(); ++i)
            if (samples_[i].removed > samples_[i - 1].removed) ++count;
        return count;
    }

    /// `t` from begin() on.
    double removed_at(base::Time t) const {
        return static_cast<double>(samples_[up_to(samples_, t) - 1].removed);
    }

 private:
    static std::size_t up_to(std::span<const RemovedAt> samples, base::Time t) {
        const auto later = [](base::Time time, const RemovedAt& sample) { return time < sample.at; };
        const auto end = std::upper_bound(samples.begin(), samples.end(), t, later);
        return static_cast<std::size_t>(end - samples.begin());
    }

    std::span<const RemovedAt> samples_;
    base::Time begin_;
    base::Time now_;
};

/// Keys per day. Points at even distances instead of the samples: a thousand samples within a minute of mass
/// deletion must not outvote the days of silence after it.
double median_slope(const History& history) {
    constexpr int kSteps = kGridPoints - 1;
    const base::Duration span = history.end() - history.begin();
    std::array<double, kGridPoints> removed{};
    for (int i = 0; i < kGridPoints; ++i)
        removed.at(static_cast<std::size_t>(i)) = history.removed_at(history.begin() + span * i / kSteps);

    std::vector<double> slopes;
    slopes.reserve(removed.size() * (removed.size() - 1) / 2);
    for (std::size_t later = 1; later < removed.size(); ++later) {
        for (std::size_t i = 0; i < later; ++i)
            slopes.push_back((removed[later] - removed[i]) / static_cast<double>(later - i));
    }

    const auto middle = slopes.begin() + static_cast<std::ptrdiff_t>((slopes.size() - 1) / 2);
    std::nth_element(slopes.begin(), middle, slopes.end());
    return *middle * kSteps / Days(span).count();
}

/// What each whole day of the history, counted back from its end, removed.
std::vector<double> daily_removals(const History& history) {
    std::vector<double> days;
    for (base::Time end = history.end(); end - kDay >= history.begin(); end -= kDay)
        days.push_back(history.removed_at(end) - history.removed_at(end - kDay));
    return days;
}

/// One future: the days of the past in random order, until nothing remains. They are drawn from a resample,
/// not from the past itself. Of seven days seen, the one burst among them may be luck, and a resample has it
/// twice, once or not at all: so the range is as wide as little knowledge makes it.
class Simulation {
 public:
    Simulation(const std::vector<double>& observed, double remaining)
        : observed_(observed), remaining_(remaining), resample_(observed.size()) {}

    /// Days until nothing remains, infinity beyond the horizon.
    double run() {
        for (double& day : resample_) day = draw(observed_);
        double remaining = remaining_;
        for (int day = 0; day < kHorizonDays; ++day) {
            const double removed = draw(resample_);
            if (removed >= remaining) return day + remaining / removed;
            remaining -= removed;
        }
        return std::numeric_limits<double>::infinity();
    }

 private:
    /// Not a std:: distribution, whose numbers depend on the library. 16 bits choose among 28 days well
    /// enough, and a run of ten years needs thousands of choices.
    double draw(const std::vector<double>& from) {
        if (choices_left_ == 0) {
            bits_ = random_();
            choices_left_ = 4;
        }
        const std::size_t chosen = (bits_ & 0xFFFFU) * from.size() >> 16U;
        bits_ >>= 16U;
        --choices_left_;
        return from[chosen];
    }

    const std::vector<double>& observed_;
    double remaining_;
    std::vector<double> resample_;
    std::mt19937_64 random_{kSeed};
    std::uint64_t bits_ = 0;
    int choices_left_ = 0;
};

std::optional<base::Time> after(base::Time now, double days) {
    if (days > kHorizonDays) return std::nullopt;
    return now + std::chrono::ceil<base::Duration>(Days(days));
}

void add_spread(const History& history, double remaining, Forecast& forecast) {
    const std::vector<double> observed = daily_removals(history);
    Simulation simulation(observed, remaining);
    std::vector<double> finished(kRuns);
    for (double& days : finished) days = simulation.run();
    std::sort(finished.begin(), finished.end());
    forecast.p50 = after(history.end(), finished[kRuns * 50 / 100 - 1]);
    forecast.p85 = after(history.end(), finished[kRuns * 85 / 100 - 1]);
}

}  // namespace

Forecast forecast(std::span<const RemovedAt> samples, std::uint64_t remaining, std::uint64_t baseline,
                  base::Time now) {
    Forecast result;
    const History history(samples, now);
    if (remaining == 0 || history.sampled() < kMinSpan || history.removals() < kMinRemovals) return result;
    if (100 * history.removed() < kMinPercentRemoved * static_cast<double>(baseline)) return result;

    // Most pairs of moments lie in silence: there is no pace to speak of, although keys were removed.
    const double slope = median_slope(history);
    if (slope <= 0) return result;
    result.point = after(now, static_cast<double>(remaining) / slope);
    if (result.point && history.sampled() >= kMinSpanOfSpread)
        add_spread(history, static_cast<double>(remaining), result);
    return result;
}

}  // namespace keyshift::domain

// SPDX-License-Identifier: Apache-2.0
#include "domain/progress/forecast.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace keyshift::domain {
namespace {

using namespace std::chrono_literals;
using Samples = std::vector<RemovedAt>;

const base::Time kNow{std::chrono::seconds{1'768'003'200}};
constexpr base::Duration kDay = 24h;

/// Every hour of the last `days` days and now; `removed` is asked for the number of hours since the first.
Samples hourly(int days, const std::function<int(int)>& removed) {
    Samples samples;
    for (int hour = 0; hour <= days * 24; ++hour)
        samples.push_back({kNow - days * kDay + hour * 1h, static_cast<std::uint64_t>(removed(hour))});
    return samples;
}

/// 24 a day.
Samples steady(int days) {
    return hourly(days, [](int hour) { return hour; });
}

Forecast predict(const Samples& samples, std::uint64_t remaining) {
    return forecast(samples, remaining, remaining + samples.back().removed, kNow);
}

double days_until(const std::optional<base::Time>& date) {
    if (!date) return std::nan("");
    return std::chrono::duration<double, std::ratio<86'400>>(*date - kNow).count();
}

void expect_empty(const Forecast& forecast) {
    EXPECT_EQ(forecast.point, std::nullopt);
    EXPECT_EQ(forecast.p50, std::nullopt);
    EXPECT_EQ(forecast.p85, std::nullopt);
}

void expect_only_point(const Forecast& forecast) {
    EXPECT_NE(forecast.point, std::nullopt);
    EXPECT_EQ(forecast.p50, std::nullopt);
    EXPECT_EQ(forecast.p85, std::nullopt);
}

void expect_all(const Forecast& forecast) {
    EXPECT_NE(forecast.point, std::nullopt);
    EXPECT_NE(forecast.p50, std::nullopt);
    EXPECT_NE(forecast.p85, std::nullopt);
}

TEST(Forecast, IsEmptyWithoutSamplesOrWithOne) {
    expect_empty(forecast({}, 10, 20, kNow));
    expect_empty(predict({{kNow, 10}}, 10));
    expect_empty(predict({{kNow - 10 * kDay, 10}}, 10));
    expect_empty(predict({{kNow - 40 * kDay, 10}}, 10));
    expect_empty(forecast({}, 0, 0, kNow));
}

TEST(Forecast, IsEmptyWhenNothingRemains) {
    expect_empty(predict(steady(28), 0));
    expect_all(predict(steady(28), 1));
}

TEST(Forecast, NeedsThreeRemovals) {
    expect_empty(predict({{kNow - 48h, 0}, {kNow - 32h, 15}, {kNow - 16h, 30}, {kNow, 30}}, 10));
    expect_only_point(predict({{kNow - 48h, 0}, {kNow - 32h, 15}, {kNow - 16h, 30}, {kNow, 31}}, 10));
}

TEST(Forecast, WhatIsThereAtFirstIsNoRemoval) {
    expect_empty(predict({{kNow - 48h, 10}, {kNow - 32h, 20}, {kNow, 30}}, 10));
}

TEST(Forecast, NeedsOnePercentOfTheBaseline) {
    const Samples samples = steady(2);  // 48
    expect_empty(forecast(samples, 4'753, 4'801, kNow));
    expect_only_point(forecast(samples, 4'752, 4'800, kNow));
}

TEST(Forecast, NeedsADayOfSamples) {
    Samples samples = steady(1);
    expect_only_point(predict(samples, 10));
    samples.front().at += 1us;
    expect_empty(predict(samples, 10));
}

TEST(Forecast, SilenceAfterTheLastSampleIsNotObservation) {
    Samples samples = steady(8);
    samples.resize(168);
    expect_only_point(predict(samples, 10));
    samples.resize(24);
    expect_empty(predict(samples, 10));
}

TEST(Forecast, SpreadNeedsAWeekOfSamples) {
    Samples samples = steady(7);
    expect_all(predict(samples, 10));
    samples.front().at += 1us;
    expect_only_point(predict(samples, 10));
}

TEST(Forecast, IsEmptyAtSlopeZero) {
    const auto rise_then_rest = [](int hour) { return std::min(hour, 10 * 24); };
    expect_empty(predict(hourly(28, [&](int hour) { return std::min(hour, 7 * 24); }), 10));
    expect_all(predict(hourly(28, rise_then_rest), 10));
    expect_empty(predict(hourly(28, [](int hour) { return 100 + hour / 24 % 2; }), 10));
}

TEST(Forecast, TenYearsAreTheLimit) {
    const Samples samples = hourly(14, [](int hour) { return 10'000 + hour; });
    constexpr std::uint64_t kLimit = 87'600;  // 24 a day for 3,650 days
    expect_all(predict(samples, kLimit * 999 / 1'000));
    expect_empty(predict(samples, kLimit * 1'001 / 1'000));
    expect_empty(forecast(samples, std::uint64_t{1} << 63U, 10'000, kNow));
}

/// 0 and 48 a day by turns: about one resample of 12 days in seven is a third slower than the mean.
TEST(Forecast, SpreadIsEmptyWhereTooManyRunsTakeTenYears) {
    const Samples samples = hourly(12, [](int hour) { return 10'000 + (hour + 24) / 48 * 48; });
    const Forecast close = predict(samples, 70'080);
    EXPECT_NE(close.point, std::nullopt);
    EXPECT_NEAR(days_until(close.p50), 2'920, 200);
    EXPECT_EQ(close.p85, std::nullopt);
}

/// One a day, but for one day of mass deletion, which alone would promise a date.
TEST(Forecast, ThereIsNoSpreadWithoutAPoint) {
    const Samples samples = hourly(28, [](int hour) { return hour / 24 + (hour > 24 * 24 ? 5'000 : 0); });
    expect_all(predict(samples, 1'000));
    expect_empty(predict(samples, 6'000));
}

TEST(Forecast, SteadyRateGivesItsDate) {
    for (const int days : {7, 10, 28}) {
        const Forecast steadily = predict(steady(days), 240);
        EXPECT_NEAR(days_until(steadily.point), 10, 0.05) << days;
        EXPECT_NEAR(days_until(steadily.p50), 10, 0.001) << days;
        EXPECT_NEAR(days_until(steadily.p85), 10, 0.001) << days;
    }
}

TEST(Forecast, IsNotRoundedToWholeDays) {
    const Forecast part = predict(steady(28), 6);
    EXPECT_NEAR(days_until(part.point), 0.25, 0.01);
    EXPECT_NEAR(days_until(part.p50), 0.25, 0.001);
    EXPECT_NEAR(days_until(part.p85), 0.25, 0.001);
}

/// 48 on two days of three: two runs of three are done after the first day, exactly.
TEST(Forecast, IsDoneAtTheEndOfTheDayThatRemovesTheLastKey) {
    const auto two_of_three = [](int days) { return days / 3 * 96 + std::min(days % 3, 2) * 48; };
    const Samples samples = hourly(27, [&](int hour) { return two_of_three((hour + 12) / 24); });
    EXPECT_NEAR(days_until(predict(samples, 48).p50), 1, 0.001);
}

/// 48 on four days of nine: 44 % of the runs are done after the first day, 69 % after the second.
TEST(Forecast, HalfOfTheRunsAreDoneByP50) {
    const auto four_of_nine = [](int days) { return (days / 9 * 4 + std::min((days % 9 + 1) / 2, 4)) * 48; };
    const Samples samples = hourly(27, [&](int hour) { return four_of_nine((hour + 12) / 24); });
    EXPECT_NEAR(days_until(predict(samples, 48).p50), 2, 0.001);
}

TEST(Forecast, TheSameInputGivesTheSameOutput) {
    const Samples samples = hourly(28, [](int hour) { return (hour + 96) / 168 * 100; });
    const Forecast first = predict(samples, 1'000);
    const Forecast second = predict(samples, 1'000);
    EXPECT_EQ(first.p50, second.p50);
    EXPECT_EQ(first.p85, second.p85);
}

TEST(Forecast, WeekdaysOnlyCountsTheWeekendsToCome) {
    const Samples samples =
        hourly(28, [](int hour) { return hour / 168 * 5 + std::min(hour % 168 / 24, 5); });
    const Forecast weekdays = predict(samples, 100);  // 5 a week, the last two days of it free
    EXPECT_NEAR(days_until(weekdays.point), 140, 7);
    EXPECT_NEAR(days_until(weekdays.p50), 140, 7);
    EXPECT_GT(days_until(weekdays.p85), 145);
    EXPECT_LT(days_until(weekdays.p85), 180);
}

TEST(Forecast, WeeklyBatchesAreUncertainAndNotFast) {
    const Samples samples = hourly(28, [](int hour) { return (hour + 96) / 168 * 100; });
    const Forecast batches = predict(samples, 1'000);  // 100 a week
    EXPECT_NEAR(days_until(batches.point), 70, 7);
    EXPECT_NEAR(days_until(batches.p50), 70, 14);
    EXPECT_GT(days_until(batches.p85), 90);
    EXPECT_LT(days_until(batches.p85), 210);
}

TEST(Forecast, AStallMovesTheDateAway) {
    const Samples stalled = hourly(28, [](int hour) { return std::min(hour, 14 * 24); });
    const Forecast slower = predict(stalled, 240);
    EXPECT_GT(days_until(slower.point), 15);
    EXPECT_NEAR(days_until(slower.p50), 20, 2);
    EXPECT_GT(days_until(slower.p85), 24);
    expect_empty(predict(hourly(28, [](int hour) { return std::min(hour, 7 * 24); }), 240));
}

TEST(Forecast, KeysThatComeBackCountAgainstIt) {
    const auto steady_but_for = [](int lost) {
        return hourly(28, [lost](int hour) { return 10'000 + hour - (hour > 20 * 24 ? lost : 0); });
    };
    const Forecast some = predict(steady_but_for(200), 10'000);  // 472 in 28 days
    EXPECT_NEAR(days_until(some.p50), 10'000.0 * 28 / 472, 60);
    const Forecast most = predict(steady_but_for(660), 40'000);  // 12 in 28 days
    EXPECT_NE(most.point, std::nullopt);
    EXPECT_EQ(most.p50, std::nullopt);
    EXPECT_EQ(most.p85, std::nullopt);
}

TEST(Forecast, IsEmptyWhileKeysComeBack) {
    expect_empty(predict(hourly(28, [](int hour) { return 1'000 - hour + (hour % 24 == 0 ? 2 : 0); }), 10));
}

TEST(Forecast, LooksNoFurtherBackThanTheWindow) {
    const Samples recent = hourly(28, [](int hour) { return 10'000 + hour; });
    Samples all{{kNow - 40 * kDay, 0}, {kNow - 36 * kDay, 9'000}, {kNow - 28 * kDay - 1us, 10'000}};
    all.insert(all.end(), recent.begin(), recent.end());
    const Forecast of_recent = predict(recent, 5'000);
    const Forecast of_all = predict(all, 5'000);
    EXPECT_EQ(of_all.point, of_recent.point);
    EXPECT_EQ(of_all.p50, of_recent.p50);
    EXPECT_EQ(of_all.p85, of_recent.p85);
    expect_empty(predict({all.begin(), all.begin() + 3}, 5'000));
}

TEST(Forecast, SilenceSinceAnOlderSampleCounts) {
    Samples samples = hourly(14, [](int hour) { return 10'000 + hour; });
    const double alone = days_until(predict(samples, 240).p50);
    samples.insert(samples.begin(), {kNow - 40 * kDay, 10'000});
    EXPECT_NEAR(alone, 10, 0.001);
    EXPECT_NEAR(days_until(predict(samples, 240).p50), 20, 2);
}

TEST(Forecast, SamplesOfTheFutureAreLeftOut) {
    Samples samples = steady(28);
    const Forecast before = predict(samples, 240);
    samples.push_back({kNow + 1us, 5'000});
    const Forecast with = forecast(samples, 240, 912, kNow);
    EXPECT_EQ(with.point, before.point);
    EXPECT_EQ(with.p85, before.p85);
    Samples young = steady(1);
    young.erase(young.begin());
    young.push_back({kNow + 2h, 26});
    expect_empty(predict(young, 240));
    expect_empty(predict({{kNow + 1h, 0}, {kNow + 9h, 5}, {kNow + 18h, 10}, {kNow + 30h, 20}}, 240));
}

/// 1,000 samples in 17 minutes, one before and one long after.
TEST(Forecast, ABurstOfSamplesDoesNotOutvoteTheSilence) {
    Samples samples{{kNow - 10 * kDay, 0}};
    for (std::uint64_t i = 1; i <= 1'000; ++i) samples.push_back({kNow - 9 * kDay + i * 1s, i});
    samples.push_back({kNow, 1'000});
    expect_empty(predict(samples, 1'000));
}

TEST(Forecast, SamplesThatSayNothingNewChangeNothing) {
    const Samples all = hourly(28, [](int hour) { return (hour * 37 / 101) / 5 * 5; });
    Samples changes;
    for (const RemovedAt& sample : all) {
        if (changes.empty() || sample.removed != changes.back().removed || sample.at == kNow)
            changes.push_back(sample);
    }
    ASSERT_LT(changes.size(), all.size() / 5);
    const Forecast of_changes = predict(changes, 200);
    const Forecast of_all = predict(all, 200);
    expect_all(of_all);
    EXPECT_EQ(of_changes.point, of_all.point);
    EXPECT_EQ(of_changes.p50, of_all.p50);
    EXPECT_EQ(of_changes.p85, of_all.p85);
}

/// A migration whose number of removals differs from day to day.
class Migration {
 public:
    static constexpr int kKinds = 4;

    Migration(int kind, std::uint64_t seed) : kind_(kind), random_(seed), rate_(2 + 18 * chance()) {
        start_ = static_cast<int>(7 * chance());
        const int observed = 10 + static_cast<int>(25 * chance());
        const base::Time begin = kNow - observed * kDay;
        samples_.push_back({begin, 0});
        for (int day = 0; day < observed; ++day) {
            const std::uint64_t before = samples_.back().removed;
            const auto removed = static_cast<std::uint64_t>(next_day());
            for (unsigned part = 1; part <= 8; ++part)
                samples_.push_back({begin + day * kDay + part * 3h, before + removed * part / 8});
        }
        remaining_ = static_cast<int>(rate_ * (5 + 55 * chance())) + 1;
    }

    Forecast predicted() const { return predict(samples_, static_cast<std::uint64_t>(remaining_)); }

    /// Days from now.
    double finish() {
        double left = remaining_;
        for (int day = 0;; ++day) {
            const int removed = next_day();
            if (removed >= left) return day + left / removed;
            left -= removed;
        }
    }

 private:
    double chance() { return static_cast<double>(random_() >> 11U) * 0x1p-53; }

    int poisson(double mean) {
        int count = 0;
        for (double product = chance(); product > std::exp(-mean); product *= chance()) ++count;
        return count;
    }

    int next_day() {
        ++day_;
        switch (kind_) {
            case 0:
                return poisson(rate_);
            case 1:
                return (start_ + day_) % 7 < 5 ? poisson(rate_ * 7 / 5) : 0;
            case 2:
                return chance() < 0.3 ? poisson(rate_ / 0.3) : 0;
            default:  // what today is like, tomorrow mostly is
                mood_ = 0.9 * mood_ + 0.3 * (chance() + chance() + chance() - 1.5);
                return poisson(rate_ * std::exp(mood_));
        }
    }

    int kind_;
    std::mt19937_64 random_;
    double rate_;
    int start_ = 0;
    int day_ = 0;
    double mood_ = 0;
    Samples samples_;
    int remaining_ = 0;
};

/// Beside the share that must hold: the answer must not be late to be safe, nor absent.
TEST(Forecast, EightyFivePercentOfMigrationsAreDoneByP85) {
    constexpr int kMigrations = 200;
    int given = 0;
    int in_time = 0;
    std::vector<double> lateness;
    for (int i = 0; i < kMigrations; ++i) {
        Migration migration(i % Migration::kKinds, 1'000 + static_cast<std::uint64_t>(i));
        const Forecast predicted = migration.predicted();
        if (!predicted.p85) continue;
        const double finish = migration.finish();
        ++given;
        if (days_until(predicted.p85) >= finish) ++in_time;
        lateness.push_back(days_until(predicted.p85) / finish);
    }
    ASSERT_GE(given, kMigrations * 95 / 100);
    EXPECT_GE(in_time, given * 80 / 100) << in_time << " of " << given << " migrations were done by p85";
    std::sort(lateness.begin(), lateness.end());
    EXPECT_LT(lateness[lateness.size() / 2], 1.6) << "p85 is this many times the true remaining time";
    RecordProperty("in_time", in_time);
}

}  // namespace
}  // namespace keyshift::domain

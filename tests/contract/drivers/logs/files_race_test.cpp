// SPDX-License-Identifier: Apache-2.0
// Log files that are written, renamed, copied and emptied while they are read, by threads that wait for
// nobody, and readers that are thrown away. What happens differs from run to run.
#include <array>
#include <atomic>
#include <iostream>
#include <map>
#include <random>

#include <fcntl.h>

#include "contract/drivers/logs/directory.hpp"
#include "drivers/logs/file_set.hpp"

namespace keyshift::drivers {
namespace {

using Number = unsigned long long;

/// Writes numbered lines to one log and rotates it, until it is told to stop.
class Writer {
 public:
    Writer(std::string path, unsigned seed, std::atomic<Number>& next)
        : path_(std::move(path)), random_(seed), next_(next), thread_([this] { run(); }) {}
    ~Writer() { stop(); }
    /// False: something could not be written.
    bool stop() {
        stop_ = true;
        if (thread_.joinable()) thread_.join();
        return !failed_;
    }

 private:
    void run() {
        while (!stop_) {
            const auto step = random_() % 20;
            if (step == 0) rotate();
            if (step == 1) copy_and_empty();
            if (step > 1) append(open(), 1 + random_() % (step == 2 ? 300 : 4));
            rest(1500);
        }
    }
    void rest(unsigned most_us) {
        std::this_thread::sleep_for(std::chrono::microseconds(random_() % most_us));
    }
    Descriptor open() const {
        return Descriptor(::open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644));
    }
    void write(const Descriptor& file, std::string_view text) {
        failed_ =
            failed_ || ::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size());
    }
    /// In two parts, of which the first may end anywhere.
    void append(const Descriptor& file, std::size_t lines) {
        std::string text;
        for (; lines > 0; --lines)
            text += "line " + std::to_string(next_++) + ' ' + std::string(20 + random_() % 80, 'x') + '\n';
        const std::size_t part = random_() % text.size();
        write(file, std::string_view(text).substr(0, part));
        if (part % 4 == 0) rest(1000);
        write(file, std::string_view(text).substr(part));
    }
    void make_room() {
        for (int i = rotations_++; i > 0; --i)
            std::filesystem::rename(path_ + '.' + std::to_string(i), path_ + '.' + std::to_string(i + 1));
    }
    void rotate() {
        if (rotations_ == kMostRotations) return;
        const Descriptor old = open();
        make_room();
        std::filesystem::rename(path_, path_ + ".1");
        append(old, 1);
        append(open(), 1);
        rest(1000);
        append(old, 1);
    }
    void copy_and_empty() {
        if (rotations_ == kMostRotations) return;
        const Descriptor from(::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
        make_room();
        const Descriptor to(::open((path_ + ".1").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
        std::array<char, 4096> buffer;
        for (std::uint64_t at = 0;;) {
            const auto part = read_at(from, buffer.data(), buffer.size(), at);
            if (!part || part->empty()) break;
            write(to, *part);
            at += part->size();
            if (at % 3 == 0) rest(500);
        }
        rest(2000);
        failed_ = failed_ || ::ftruncate(from.get(), 0) != 0;
    }

    static constexpr int kMostRotations = 60;

    const std::string path_;
    std::mt19937 random_;
    std::atomic<Number>& next_;
    int rotations_ = 0;
    bool failed_ = false;
    std::atomic<bool> stop_ = false;
    std::thread thread_;
};

class LogFilesRaceTest : public LogFilesTest, public testing::WithParamInterface<Watching> {
 protected:
    void restart() {
        input_.reset();
        input_ = std::make_unique<LogFileSet>(options_, interrupt_, GetParam());
        input_->resume(cursor_);
    }
    void poll(base::Duration time) {
        const std::string text = read(time);
        lossy_ = lossy_ || last_.lossy;
        for (std::size_t at = 0; at < text.size();) {
            const std::size_t end = text.find('\n', at);
            ASSERT_EQ(text.compare(at, 5, "line "), 0) << text.substr(at, 80);
            ASSERT_EQ(text.find_first_not_of("0123456789 x", at + 5), end) << text.substr(at, 80);
            ++counted_[std::stoull(text.substr(at + 5, 20))];
            at = end + 1;
        }
    }

    std::map<Number, int> counted_;
    bool lossy_ = false;
};
INSTANTIATE_TEST_SUITE_P(Watched, LogFilesRaceTest, testing::Values(Watching::by_kernel, Watching::none));

TEST_P(LogFilesRaceTest, NoLineIsMissedAndNoneCountedTwiceInSilence) {
    const unsigned seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    options_.give_up_after = 1h;
    restart();
    poll(1s);
    std::atomic<Number> next = 1;
    Writer one(path("app.log"), seed + 1, next);
    Writer other(path("app.log-other"), seed + 2, next);
    for (const auto end = base::Deadline::in(1s); !end.passed();) {
        if (random() % 40 == 0) {
            // What it has read and nobody saved counts as never read.
            LogCursor saved = cursor_;
            read(random() % 2 == 0 ? 0s : 1s);
            cursor_ = std::move(saved);
            restart();
        }
        poll(random() % 3 == 0 ? 0s : 1s);
        std::this_thread::sleep_for(std::chrono::microseconds(random() % 3000));
    }
    EXPECT_TRUE(one.stop());
    EXPECT_TRUE(other.stop());
    for (int i = 0; i < 200 && counted_.size() + 1 < next; ++i) {
        poll(1s);
        std::this_thread::sleep_for(5ms);
    }
    EXPECT_EQ(counted_.size() + 1, next);
    std::cout << counted_.size() << " lines" << (lossy_ ? ", lossy" : "") << '\n';
    for (const auto& [number, times] : counted_) EXPECT_TRUE(times == 1 || lossy_) << "line " << number;
}

}  // namespace
}  // namespace keyshift::drivers

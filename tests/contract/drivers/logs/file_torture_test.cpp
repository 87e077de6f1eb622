// SPDX-License-Identifier: Apache-2.0
// Random writers, rotations and crashes against a model that knows every line: each is handed over once, and
// what a crash threw away is not counted. KEYSHIFT_TORTURE_SECONDS makes it longer, KEYSHIFT_TORTURE_SEED
// repeats one run.
#include <array>
#include <cstdlib>
#include <map>
#include <random>
#include <set>

#include <fcntl.h>
#include <sys/stat.h>

#include "contract/drivers/logs/directory.hpp"
#include "drivers/logs/file_set.hpp"

namespace keyshift::drivers {
namespace {

namespace fs = std::filesystem;

class Torture : private LogSink {
 public:
    Torture(fs::path directory, unsigned seed) : directory_(std::move(directory)), random_(seed) {
        covered_ = chance(2);
        if (chance(4)) watching_ = Watching::none;
        for (std::size_t i = 0; i < writers_.size(); ++i) {
            writers_[i].path = (directory_ / ("app" + std::to_string(i) + ".log")).string();
            if (!covered_) options_.globs.push_back(writers_[i].path);
        }
        if (covered_) options_.globs.push_back((directory_ / "app*").string());
        // Only a writer's close ends a file: the model's writers may rest.
        options_.give_up_after = 1h;
        start();
        poll(10s);
        save();
    }
    ~Torture() override {
        input_.reset();
        for (Writer& writer : writers_) {
            close(writer.fd);
            close(writer.old_fd);
        }
    }

    void run(int steps) {
        for (int i = 0; i < steps && !failed_; ++i) step();
        for (Writer& writer : writers_) {
            complete(writer);
            end_copy(writer);
            close(writer.old_fd);
        }
        if (chance(2)) crash();
        for (int i = 0; i < 300 && !settled(); ++i) {
            poll(10s);
            save();
            if (i > 3) std::this_thread::sleep_for(10ms);
        }
        check();
    }

    /// What went wrong, with what had led to it; empty if nothing.
    std::string failure() const { return failed_ ? failure_ : ""; }

 private:
    struct Writer {
        std::string path;
        int fd = -1;            // kept open, or -1: opened for each write
        int old_fd = -1;        // of the file that was renamed
        std::string half = {};  // the rest of a line whose beginning is written
        std::string old_half = {};
        std::string copy = {};  // made, but the original is not truncated yet
        bool seen = false;      // a poll of its present generation has been saved
    };

    bool chance(unsigned one_in) { return random_() % one_in == 0; }
    /// Of a path only the name is kept, and of equal steps one.
    void note(std::string what) {
        if (const auto at = what.find(directory_.string()); at != std::string::npos)
            what.erase(at, directory_.string().size() + 1);
        what += " (next line " + std::to_string(next_) + ")";
        if (history_.empty() || history_.back() != what) history_.push_back(std::move(what));
    }

    static void close(int& fd) {
        if (fd >= 0) ::close(fd);
        fd = -1;
    }

    void step() {
        Writer& writer = writers_[random_() % writers_.size()];
        switch (random_() % 16) {
            case 0:
            case 1:
            case 2:
            case 3:
                return append(writer);
            case 4:
                return append_half(writer);
            case 5:
                return append_old(writer);
            case 6:
                return rotate(writer);
            case 7:
                return begin_copy(writer);
            case 8:
                return end_copy(writer);
            case 9:
                return empty_or_delete(writer);
            case 10:
                return poll_and_crash();
            case 11:
                return crash();
            default:
                poll(chance(3) ? 0s : 10s);
        }
        save();
    }

    std::string line() {
        const auto number = next_++;
        std::string text = "line " + std::to_string(number) + " ";
        const bool oversized = chance(400);
        std::size_t size = 20 + random_() % (chance(10) ? 3000 : 60);
        if (oversized) size = kLogBlock + random_() % (3 * kLogBlock);
        if (oversized) {
            ++expected_oversized_;
        } else {
            expected_.insert(number);
        }
        text.resize(text.size() + size, static_cast<char>('a' + random_() % 26));
        return text + '\n';
    }

    void write(Writer& writer, const std::string& text) {
        if (writer.fd < 0) writer.fd = open(writer.path);
        write_all(writer.fd, text);
        if (chance(3)) close(writer.fd);
    }
    static int open(const std::string& path) {
        return ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    }
    static void write_all(int fd, std::string_view text) {
        while (!text.empty()) {
            const auto written = ::write(fd, text.data(), text.size());
            ASSERT_GT(written, 0);
            text.remove_prefix(static_cast<std::size_t>(written));
        }
    }

    void append(Writer& writer) {
        // What comes between copy and truncation, copytruncate loses.
        if (!writer.copy.empty()) return;
        note("append " + writer.path);
        complete(writer);
        std::string text;
        for (auto lines = random_() % (chance(20) ? 200 : 4) + 1; lines > 0; --lines) text += line();
        write(writer, text);
    }
    void append_half(Writer& writer) {
        if (!writer.copy.empty()) return;
        complete(writer);
        note("half " + writer.path);
        const std::string text = line();
        const auto size = random_() % text.size();
        writer.half = text.substr(size);
        write(writer, text.substr(0, size));
    }
    void complete(Writer& writer) {
        if (!writer.half.empty()) write(writer, writer.half);
        writer.half.clear();
        if (!writer.old_half.empty()) write_all(writer.old_fd, writer.old_half);
        writer.old_half.clear();
    }
    void append_old(Writer& writer) {
        if (writer.old_fd < 0) return;
        note("append to old " + writer.path);
        write_all(writer.old_fd, writer.old_half);
        writer.old_half.clear();
        if (chance(2)) write_all(writer.old_fd, line());
        if (chance(2)) close(writer.old_fd);
    }

    /// Older ones move up; the oldest goes when all is read.
    void make_room(const Writer& writer) {
        for (int i = 9; i >= 1; --i) {
            const std::string from = writer.path + "." + std::to_string(i);
            if (!fs::exists(from)) continue;
            if (i < 9) {
                fs::rename(from, writer.path + "." + std::to_string(i + 1));
            } else {
                fs::remove(from);
            }
        }
    }
    bool has_room(const Writer& writer) { return !fs::exists(writer.path + ".9") || settle(); }

    void rotate(Writer& writer) {
        if (!writer.copy.empty() || writer.old_fd >= 0 || !fs::exists(writer.path)) return;
        if ((!covered_ && !writer.seen) || !has_room(writer)) return;
        note("rotate " + writer.path);
        make_room(writer);
        if (writer.fd < 0) writer.fd = open(writer.path);
        fs::rename(writer.path, writer.path + ".1");
        std::swap(writer.fd, writer.old_fd);
        std::swap(writer.half, writer.old_half);
        writer.seen = false;
        if (chance(2)) {
            complete(writer);
            close(writer.old_fd);
        }
    }

    void begin_copy(Writer& writer) {
        if (!writer.copy.empty() || !fs::exists(writer.path) || fs::file_size(writer.path) == 0) return;
        if ((!covered_ && !writer.seen) || !has_room(writer)) return;
        const bool beside = writer.seen && chance(2);
        note("copy " + writer.path + (beside ? " beside" : ""));
        complete(writer);
        make_room(writer);
        writer.copy = beside
                          ? writer.path.substr(0, writer.path.size() - 8) + "copy" + std::to_string(next_++)
                          : writer.path + ".1";
        std::ifstream from(writer.path, std::ios::binary);
        std::ofstream to(writer.copy, std::ios::binary);
        std::string bytes(fs::file_size(writer.path), ' ');
        from.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
        if (chance(4)) {
            const auto part = static_cast<std::streamsize>(random_() % bytes.size() / 4096 * 4096);
            to.write(bytes.data(), part).flush();
            if (chance(2)) crash();
            poll(10s);
            save();
            to.write(bytes.data() + part, static_cast<std::streamsize>(bytes.size()) - part);
        } else {
            to << bytes;
        }
        if (chance(2)) end_copy(writer);
    }
    void end_copy(Writer& writer) {
        if (writer.copy.empty()) return;
        note("truncate " + writer.path);
        fs::resize_file(writer.path, 0);
        if (!covered_ || writer.copy != writer.path + ".1") beside_.push_back(writer.copy);
        writer.copy.clear();
        writer.seen = false;
    }

    void empty_or_delete(Writer& writer) {
        if (!writer.copy.empty() || !writer.half.empty() || writer.old_fd >= 0 || !fs::exists(writer.path))
            return;
        if (!settle()) return;
        note("empty or delete " + writer.path);
        if (chance(2)) {
            fs::resize_file(writer.path, 0);
        } else {
            close(writer.fd);
            fs::remove(writer.path);
        }
        writer.seen = false;
    }

    void start() {
        input_ = std::make_unique<LogFileSet>(options_, interrupt_, watching_);
        input_->resume(cursor_);
    }
    void crash() {
        note("crash");
        got_.clear();
        got_oversized_ = 0;
        start();
    }
    void poll_and_crash() {
        poll(chance(2) ? 0s : 10s);
        crash();
    }
    void poll(base::Duration time) {
        const auto read = input_->read(*this, base::Deadline::in(time));
        note("poll, " + std::to_string(got_.size()) + " lines" + (read && read->lossy ? ", lossy" : ""));
        changes_ = {};
        if (read) changes_ = read->cursor;
        more_ = !read || read->more;
    }
    void save() {
        for (const auto& [name, text] : changes_) {
            if (text) {
                cursor_[name] = *text;
            } else {
                cursor_.erase(name);
            }
        }
        changes_.clear();
        for (const auto number : got_) {
            if (++counted_[number] > 1) fail("line " + std::to_string(number) + " again");
        }
        got_.clear();
        counted_oversized_ += std::exchange(got_oversized_, 0);
        if (!more_)
            for (Writer& writer : writers_)
                writer.seen = fs::exists(writer.path) && fs::file_size(writer.path) >= 16;
    }
    bool settled() const {
        return counted_.size() == expected_.size() && counted_oversized_ == expected_oversized_;
    }
    /// Reads all that is there: true if that is all that was written.
    bool settle() {
        for (int i = 0; i < 3 && !settled(); ++i) {
            poll(10s);
            save();
        }
        return settled();
    }

    void lines(std::string_view block) override {
        while (!block.empty()) {
            const auto end = block.find('\n');
            const std::string_view text = block.substr(0, end);
            const auto number = std::strtoull(std::string(text.substr(5, 20)).c_str(), nullptr, 10);
            if (end == std::string_view::npos || !text.starts_with("line ") || text.size() < 20 ||
                !expected_.contains(number))
                fail("no line: " + std::string(text.substr(0, 80)));
            got_.push_back(number);
            block.remove_prefix(end == std::string_view::npos ? block.size() : end + 1);
        }
    }
    void oversized() override { ++got_oversized_; }

    void check() {
        for (const auto number : expected_)
            if (!counted_.contains(number)) fail("line " + std::to_string(number) + " never");
        if (counted_oversized_ != expected_oversized_)
            fail(std::to_string(counted_oversized_) + " oversized lines instead of " +
                 std::to_string(expected_oversized_));
    }
    void fail(const std::string& what) {
        if (failed_) return;
        failed_ = true;
        failure_ = what + (covered_ ? ", all names covered" : ", live names only");
        if (watching_ == Watching::none) failure_ += ", polling";
        for (const std::string& step : history_) failure_ += "\n  " + step;
    }

    fs::path directory_;
    std::mt19937 random_;
    bool covered_ = false;
    Watching watching_ = Watching::by_kernel;
    std::array<Writer, 3> writers_;
    std::vector<std::string> beside_;
    Interrupt interrupt_;
    LogFilesOptions options_;
    std::unique_ptr<LogInput> input_;
    LogCursor cursor_;
    LogCursorChanges changes_;
    bool more_ = false;
    std::vector<unsigned long long> got_;
    int got_oversized_ = 0, counted_oversized_ = 0, expected_oversized_ = 0;
    unsigned long long next_ = 1;
    std::set<unsigned long long> expected_;
    std::map<unsigned long long, int> counted_;
    std::vector<std::string> history_;
    std::string failure_;
    bool failed_ = false;
};

class LogFileTortureTest : public LogFilesTest {};

TEST_F(LogFileTortureTest, EveryLineIsHandedOverOnce) {
    const char* seconds = std::getenv("KEYSHIFT_TORTURE_SECONDS");
    const char* given = std::getenv("KEYSHIFT_TORTURE_SEED");
    const auto end = base::Deadline::in(std::chrono::seconds(seconds != nullptr ? std::atoi(seconds) : 2));
    unsigned seed = given != nullptr ? static_cast<unsigned>(std::atoi(given)) : std::random_device{}();
    int runs = 0;
    do {
        const fs::path run = directory_ / std::to_string(++runs);
        fs::create_directory(run);
        Torture torture(run, seed);
        torture.run(300);
        ASSERT_EQ(torture.failure(), "") << "KEYSHIFT_TORTURE_SEED=" << seed;
        fs::remove_all(run);
        ++seed;
    } while (given == nullptr && !end.passed());
    std::cout << runs << " runs of 300 steps\n";
}

}  // namespace
}  // namespace keyshift::drivers

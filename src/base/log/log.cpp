// SPDX-License-Identifier: Apache-2.0
#include "base/log/log.hpp"

#include <spdlog/formatter.h>
#include <spdlog/logger.h>

#include "base/log/line.hpp"
#include "base/log/sink.hpp"

namespace keyshift::base::log {
namespace {

/// Never destroyed: a thread that outlasts main() may still log.
spdlog::logger& logger() {
    static spdlog::logger& made = *[] {
        auto out = std::make_unique<spdlog::logger>("keyshift", make_sink());
        out->set_formatter(make_formatter(Format::logfmt));
        out->flush_on(spdlog::level::trace);
        // Nothing sensible can be done when standard error is gone.
        out->set_error_handler([](const std::string&) {});
        return out.release();
    }();
    return made;
}

void write(Level level, std::string_view message, Fields fields) {
    const auto at = static_cast<spdlog::level::level_enum>(spdlog_level(level));
    if (!logger().should_log(at)) return;
    const std::string packed = pack(message, fields);
    logger().log(at, spdlog::string_view_t(packed.data(), packed.size()));
}

}  // namespace

void configure(Level level, Format format) {
    logger().set_formatter(make_formatter(format));
    logger().set_level(static_cast<spdlog::level::level_enum>(spdlog_level(level)));
}

void debug(std::string_view message, Fields fields) {
    write(Level::debug, message, fields);
}
void info(std::string_view message, Fields fields) {
    write(Level::info, message, fields);
}
void warn(std::string_view message, Fields fields) {
    write(Level::warn, message, fields);
}
void error(std::string_view message, Fields fields) {
    write(Level::error, message, fields);
}

}  // namespace keyshift::base::log

// SPDX-License-Identifier: Apache-2.0
// Which threads the signals of this daemon may interrupt. A new thread has the mask of the one that makes it.
#pragma once

namespace keyshift::runtime {

/// SIGTERM, SIGINT and SIGHUP wait, as far as the calling thread is concerned.
void block_signals();
/// They come, those that have been waiting at once.
void unblock_signals();

}  // namespace keyshift::runtime

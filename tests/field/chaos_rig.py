# SPDX-License-Identifier: Apache-2.0
"""Makes the state that scripts of chaos/ copy and damage: of a daemon that has counted one scan, and then said SAFE.

By the folder's own servers and rows: python3 chaos_rig.py FOLDER, with KEYSHIFT and CHAOS_DIR as the scripts have
them. Leaves CHAOS_DIR/dmg: the state in good/, PostgreSQL's files in pg/. Fails where SAFE is not reached.
"""

import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(sys.argv[1]).resolve() / "chaos"))
import safe  # noqa: E402  (the folder's own)

PORT = 23060
SAFE_SECONDS = 90
SCAN = "SELECT id, key_hash, key_lookup_hash FROM virtual_keys ORDER BY created_at DESC"


def main() -> None:
    folder = Path(safe.B) / "dmg"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "logs").mkdir(parents=True)
    (folder / "logs" / "access.log").touch()
    postgres = safe.Pg(PORT, "dmg/pg")
    postgres.init()
    postgres.start()
    redis = safe.Redis(PORT + 1, "dmg/redis").start()
    uses = safe.Touch(postgres)
    try:
        safe.safe_db(postgres)
        uses.start()
        config = safe.safe_conf(PORT, str(folder)).replace(f"{folder}/state", f"{folder}/good")
        daemon = safe.Ks("dmg/ks", PORT + 2, config).start(fresh=True)
        counted = "keyshift_fallback_scans_total"
        assert daemon.wait_for(lambda metrics: metrics.get("keyshift_source_up{source=\"statements\"}") == 1, 30)
        postgres.q(SCAN)
        assert daemon.wait_for(lambda metrics: metrics.get(counted) == 1, 30), f"{counted} is not 1"
        reached = daemon.wait_for(lambda metrics: metrics.get("keyshift_fallback_removal_safe") == 1, SAFE_SECONDS)
        print("was SAFE", reached is not None, flush=True)
        daemon.term()
        assert reached is not None, "the rig does not reach SAFE"
    finally:
        uses.stopf = True
        redis.stop()
        postgres.stop()


if __name__ == "__main__":
    main()

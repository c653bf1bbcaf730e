// Browsers have crypto; Debian 12's Node 18 has it in a module only.

import { webcrypto } from "node:crypto";

globalThis.crypto ??= webcrypto as Crypto;

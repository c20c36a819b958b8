/** Clients of others, bundled into one module for the pages that tests/server/players.py opens in a browser. */

export { WHEPClient as MedoozeWhep } from 'whip-whep/whep.js';
export { WHIPClient as MedoozeWhip } from 'whip-whep/whip.js';
export { WHIPClient as EyevinnWhip } from '@eyevinn/whip-web-client';

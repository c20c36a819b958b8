import uWS from "uWebSockets.js";

import { obey } from "./obey.mjs";

const app = uWS.App();
app.ws("/ws", { compression: uWS.DISABLED, maxBackpressure: 64 * 1024, open: (ws) => ws.subscribe("load") });
app.listen("127.0.0.1", 0, (listener) => obey(uWS.us_socket_local_port(listener), (text) => app.publish("load", text, false)));

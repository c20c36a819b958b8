import { createServer } from "node:http";

import { Server } from "socket.io";

import { obey } from "./obey.mjs";

const http = createServer();
const server = new Server(http, { transports: ["websocket"], perMessageDeflate: false, serveClient: false });
http.listen({ host: "127.0.0.1", port: 0, backlog: 2048 }, () => obey(http.address().port, (text) => server.emit("load", JSON.parse(text))));

import { WebSocketServer } from "ws";

import { obey } from "./obey.mjs";

const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false, backlog: 2048 });
server.on("listening", () =>
  obey(server.address().port, (text) => {
    for (const client of server.clients) client.send(text);
  }),
);

// What every peer of Node does: say the port, then obey the lines of its standard input (see ../servers.py).
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

const message = (size) => {
  const head = `{"sent":"${process.hrtime.bigint().toString().padStart(20, "0")}","text":"`;
  return head + "x".repeat(size - head.length - 2) + '"}';
};

export async function obey(port, publish) {
  console.log(port);
  for await (const line of createInterface({ input: process.stdin })) {
    const [count, rate, size, burst] = line.split(" ").slice(1).map(Number);
    const start = performance.now();
    for (let number = 0; number < count; number++) {
      await sleep(Math.max(0, start + (number / rate) * 1000 - performance.now()));
      for (let one = 0; one < burst; one++) publish(message(size));
    }
    console.log("published");
  }
  process.exit(0);
}

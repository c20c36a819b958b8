"""GStreamer's webrtcbin as WHIP publisher or WHEP player, run by the system's Python: `gstreamer.py whip|whep URL TOKEN`.

A player prints `frames N` for each picture it decoded. Either leaves when its standard input ends.
"""

import sys
import threading
import urllib.parse
import urllib.request
from typing import Any

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstWebRTC", "1.0")
gi.require_version("GstSdp", "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402

PUBLISH = """
webrtcbin name=rtc bundle-policy=max-bundle
videotestsrc is-live=true ! video/x-raw,width=320,height=240,framerate=15/1 ! {encode} ! queue ! rtc.
audiotestsrc is-live=true ! audioconvert ! audioresample ! opusenc ! rtpopuspay pt=111 ! queue ! rtc.
"""
# The second element is there because a description of one makes no pipeline.
WATCH = "webrtcbin name=rtc bundle-policy=max-bundle fakesrc num-buffers=0 ! fakesink"
ENCODE = {
    "VP8": "vp8enc deadline=1 keyframe-max-dist=15 ! rtpvp8pay pt=96",
    "H264": "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=15 ! video/x-h264,profile=constrained-baseline"
    " ! rtph264pay pt=102 config-interval=-1 aggregate-mode=zero-latency",
}
CAPS = {
    "VP8": "application/x-rtp,media=video,encoding-name=VP8,clock-rate=90000,payload=96",
    "H264": "application/x-rtp,media=video,encoding-name=H264,clock-rate=90000,payload=102,packetization-mode=(string)1,"
    "profile-level-id=(string)42e01f",
    "OPUS": "application/x-rtp,media=audio,encoding-name=OPUS,clock-rate=48000,encoding-params=(string)2,payload=111",
}


class Client:
    """Offers when webrtcbin wants to, and keeps the resource it is given."""

    def __init__(self, entrance: str, url: str, token: str, codec: str) -> None:
        self.url, self.token, self.resource = url, token, ""
        self.frames = 0
        self.pipeline = Gst.parse_launch(PUBLISH.format(encode=ENCODE[codec]) if entrance == "whip" else WATCH)
        self.rtc = self.pipeline.get_by_name("rtc")
        # It gathers no loopback addresses, and finds no way from others to the tests' relay.
        self.agent = self.rtc.get_property("ice-agent")  # kept, for the bindings take the element's own reference
        self.agent.emit("add-local-ip-address", "127.0.0.1")
        if entrance == "whep":
            for caps in (CAPS["OPUS"], CAPS[codec]):
                self.rtc.emit("add-transceiver", GstWebRTC.WebRTCRTPTransceiverDirection.RECVONLY, Gst.Caps.from_string(caps))
            self.rtc.connect("pad-added", self.play)
        self.rtc.connect("on-negotiation-needed", self.offer)
        self.pipeline.set_state(Gst.State.PLAYING)

    def offer(self, rtc: Any) -> None:
        rtc.emit("create-offer", None, Gst.Promise.new_with_change_func(self.offered, rtc))

    def offered(self, promise: Any, rtc: Any) -> None:
        reply = promise.get_reply()  # owns the offer
        offer = reply.get_value("offer")
        rtc.emit("set-local-description", offer, Gst.Promise.new())
        threading.Thread(target=self.exchange, args=(offer.sdp.as_text(), rtc)).start()

    def exchange(self, sdp: str, rtc: Any) -> None:
        with self.request("POST", self.url, sdp.encode(), "application/sdp") as answer:
            self.resource = urllib.parse.urljoin(self.url, answer.headers["Location"])
            _, message = GstSdp.SDPMessage.new_from_text(answer.read().decode())
        description = GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.ANSWER, message)
        rtc.emit("set-remote-description", description, Gst.Promise.new())

    def request(self, method: str, url: str, body: bytes | None = None, type: str = "") -> Any:
        headers = {"Authorization": f"Bearer {self.token}"} | ({"Content-Type": type} if type else {})
        return urllib.request.urlopen(urllib.request.Request(url, body, headers, method=method), timeout=10)

    def play(self, rtc: Any, pad: Any) -> None:
        if pad.get_direction() != Gst.PadDirection.SRC:
            return
        decode = Gst.ElementFactory.make("decodebin")
        decode.connect("pad-added", self.show)
        self.pipeline.add(decode)
        decode.sync_state_with_parent()
        pad.link(decode.get_static_pad("sink"))

    def show(self, decode: Any, pad: Any) -> None:
        sink = Gst.ElementFactory.make("fakesink")
        sink.set_property("sync", False)
        if pad.get_current_caps().to_string().startswith("video"):
            sink.set_property("signal-handoffs", True)
            sink.connect("handoff", self.shown)
        self.pipeline.add(sink)
        sink.sync_state_with_parent()
        pad.link(sink.get_static_pad("sink"))

    def shown(self, *_: object) -> None:
        self.frames += 1
        print("frames", self.frames, flush=True)

    def leave(self) -> None:
        self.request("DELETE", self.resource).close()
        self.pipeline.set_state(Gst.State.NULL)


def main(entrance: str, url: str, token: str, codec: str) -> None:
    Gst.init(None)
    client = Client(entrance, url, token, codec)
    loop = GLib.MainLoop()
    threading.Thread(target=lambda: (sys.stdin.read(), loop.quit()), daemon=True).start()
    loop.run()
    client.leave()


if __name__ == "__main__":
    main(*sys.argv[1:])

#!/usr/bin/python3
"""An RTSP camera for tests, from Debian's python3-gi and gir1.2-gst-rtsp-server-1.0.

    rtsp-server.py PORT ball|ball265|jpeg|sound|FILE [USER PASSWORD]

Prints `ready rtsp://127.0.0.1:PORT/cam` and serves until it is killed. PORT 0: any free one. `ball` is live H.264 with a
key frame a second, `ball265` the same as H.265, `jpeg` a motion JPEG camera, `sound` H.264 with an audio track before it, and FILE an MP4 with
H.264 that ends.
"""
import sys
import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

Gst.init(None)
port, what = sys.argv[1], sys.argv[2]
picture = "videotestsrc is-live=true pattern=ball ! video/x-raw,format=I420,width=640,height=360,framerate=15/1"
h264 = "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=15 bframes=0 ! h264parse ! rtph264pay config-interval=-1"
launch = {
    "ball": f"( {picture} ! {h264} name=pay0 pt=96 )",
    "ball265": f"( {picture} ! x265enc tune=zerolatency speed-preset=ultrafast key-int-max=15 ! h265parse ! rtph265pay config-interval=-1 name=pay0 pt=96 )",
    "jpeg": f"( {picture} ! jpegenc ! rtpjpegpay name=pay0 pt=26 )",
    "sound": f"( audiotestsrc is-live=true wave=silence ! alawenc ! rtppcmapay name=pay0 pt=8  {picture} ! {h264} name=pay1 pt=96 )",
}.get(what, f"( filesrc location={what} ! qtdemux ! h264parse ! rtph264pay config-interval=-1 name=pay0 pt=96 )")

factory = GstRtspServer.RTSPMediaFactory.new()
factory.set_launch(launch)
factory.set_shared(True)
server = GstRtspServer.RTSPServer.new()
server.set_address("127.0.0.1")
server.set_service(port)
if len(sys.argv) > 4:
    user, password = sys.argv[3], sys.argv[4]
    auth = GstRtspServer.RTSPAuth.new()
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "user")
    auth.add_basic(GstRtspServer.RTSPAuth.make_basic(user, password), token)
    server.set_auth(auth)
    permissions = GstRtspServer.RTSPPermissions()
    permissions.add_permission_for_role("user", "media.factory.access", True)
    permissions.add_permission_for_role("user", "media.factory.construct", True)
    factory.set_permissions(permissions)
server.get_mount_points().add_factory("/cam", factory)
if server.attach(None) == 0:
    sys.exit(f"port {port} cannot be used")
print(f"ready rtsp://127.0.0.1:{server.get_bound_port()}/cam", flush=True)
GLib.MainLoop().run()

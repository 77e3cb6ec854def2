import time, json
from tests.integration.test_mcp import *
def test_x(live, servers, make_client, model):
    t=time.monotonic()
    with servers.own(CHAT_MCP=json.dumps({"stub": STDIO})) as own:
        print("start", time.monotonic()-t); t=time.monotonic()
        c=make_client(own)
        for i in range(4):
            c.chat(); print("chat", time.monotonic()-t, sorted(offered(model,-1))); t=time.monotonic()
        own.sigterm(); print("exit", time.monotonic()-t)
        print(own.log[-1500:])

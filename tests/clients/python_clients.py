# mypy: ignore-errors
"""LangChain and OpenAI's Agents SDK, unchanged, on `/v1`: prints the texts that each of them got, as JSON.

python python_clients.py <base url> <token>
"""

import asyncio
import functools
import json
import operator
import sys

from agents import Agent, OpenAIResponsesModel, Runner, set_tracing_disabled
from langchain_core.messages import HumanMessage, SystemMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from openai import AsyncOpenAI

URL, TOKEN = sys.argv[1:]


def langchain(**more):
    return ChatOpenAI(model="c1", base_url=URL, api_key=TOKEN, **more)


def langchain_texts():
    chat, responses = langchain(temperature=0.5), langchain(use_responses_api=True)
    chained = langchain(use_responses_api=True, use_previous_response_id=True)
    yield chat.invoke([SystemMessage("Be brief."), HumanMessage("Hi")]).text
    yield "".join(chunk.text for chunk in chat.stream("Hi"))
    yield responses.invoke("Hi").text
    yield "".join(chunk.text for chunk in responses.stream("Hi"))
    first = chained.invoke("One")
    yield first.text
    yield chained.invoke([HumanMessage("One"), first, HumanMessage("Two")]).text


@tool
def add(left: int, right: int) -> int:
    """Add two numbers."""
    return left + right


def tool_loop():
    """Let LangChain call its own tool, whole and streamed, until the model answers with text."""
    model = langchain().bind_tools([add])
    messages = [HumanMessage("Add 2 and 3.")]
    while (answer := model.invoke(messages)).tool_calls:
        messages += [answer, *map(add.invoke, answer.tool_calls)]
    streamed = functools.reduce(operator.add, model.stream([HumanMessage("Add 2 and 3.")]))
    return [answer.text, [(call["name"], call["args"]) for call in streamed.tool_calls]]


async def agent_texts():
    set_tracing_disabled(True)
    async with AsyncOpenAI(base_url=URL, api_key=TOKEN) as client:
        agent = Agent(name="a", instructions="Be brief.", model=OpenAIResponsesModel("c1", client))
        whole = await Runner.run(agent, "Hi")
        streamed = Runner.run_streamed(agent, "Hi")
        async for _ in streamed.stream_events():
            pass
    return [whole.final_output, streamed.final_output]


print(json.dumps([*langchain_texts(), *asyncio.run(agent_texts()), *tool_loop()]))

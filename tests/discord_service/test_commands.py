"""Slash commands and messages, both ways, through discord.py's own command tree."""

import io

import discord
import pytest
from discord import app_commands

from tests.discord_service.client import Discord, File, Refused
from tests.flows.house import eventually


@pytest.fixture
def bot(service, start_bot):
    return start_bot(service)


def register(bot, *commands) -> None:
    for command in commands:
        bot.tree.add_command(command)
    bot.do(bot.tree.sync())


def test_an_answer_comes_back_with_text_embed_and_file(service: Discord, bot):
    guild = service.add_guild()
    hana = service.add_user("hana", display_name="花子")

    @app_commands.command(description="-")
    async def show(interaction: discord.Interaction, word: str, who: discord.Member, table: discord.Attachment) -> None:
        data = await table.read()
        embed = discord.Embed(title=word, description=who.display_name)
        file = discord.File(io.BytesIO(data[::-1]), "back.csv")
        await interaction.response.send_message("どうぞ", embed=embed, file=file, ephemeral=True)

    register(bot, show)
    answer = service.slash(
        hana, "show", channel=guild["chat"], word="雨", who=hana, table=File("table.csv", b"abc", "text/csv")
    )

    assert answer.text == "どうぞ\n雨\n花子"
    assert answer.files[0].data == b"cba"
    assert answer.is_ephemeral
    assert not answer.was_deferred
    assert answer.first_seconds < 3
    assert service.messages(guild["chat"]) == []  # nobody else sees it


def test_a_deferred_answer_of_a_subcommand_is_waited_for_and_follow_ups_are_added(service, bot):
    guild = service.add_guild(voice=["lounge", "stage"])
    group = app_commands.Group(name="dict", description="-")

    @group.command(description="-")
    async def add(interaction: discord.Interaction, where: discord.VoiceChannel, times: int = 1) -> None:
        await interaction.response.defer()
        await interaction.edit_original_response(content=f"{where.name} {times}")
        await interaction.followup.send("もう一つ")

    register(bot, group)
    answer = service.slash(service.add_user("taro"), "dict add", channel=guild["chat"], where=guild["stage"], times=3)

    assert answer.was_deferred
    assert answer.message.text == "stage 3"
    assert [one.text for one in service.answers(answer)][:1] == ["stage 3"]


def test_a_command_that_says_nothing_is_refused_after_three_seconds_and_an_unknown_one_at_once(service, bot):
    guild = service.add_guild()
    taro = service.add_user("taro")

    @app_commands.command(description="-")
    async def quiet(_interaction: discord.Interaction) -> None:
        return

    register(bot, quiet)

    with pytest.raises(Refused, match="no first answer within 3 s"):
        service.slash(taro, "quiet", channel=guild["chat"])
    with pytest.raises(Refused, match="is registered"):
        service.slash(taro, "nothing", channel=guild["chat"])
    with pytest.raises(Refused, match="no option"):
        service.slash(taro, "quiet", channel=guild["chat"], loud=True)


def test_completion_offers_what_the_bot_says(service, bot):
    guild = service.add_guild()

    @app_commands.command(description="-")
    async def voice(interaction: discord.Interaction, name: str) -> None:
        await interaction.response.send_message(name)

    @voice.autocomplete("name")
    async def names(_interaction: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return [app_commands.Choice(name=typed * 2, value=typed)]

    register(bot, voice)

    offered = service.autocomplete(service.add_user("taro"), "voice", "name", "め", channel=guild["chat"])

    assert offered == [("めめ", "め")]


def test_a_button_is_pressed_and_the_message_changes(service, bot):
    guild = service.add_guild()
    hana = service.add_user("hana")

    class Sure(discord.ui.View):
        @discord.ui.button(label="はい", custom_id="yes")
        async def yes(self, interaction: discord.Interaction, _button: discord.ui.Button) -> None:
            await interaction.response.edit_message(content="しました", view=None)

    @app_commands.command(description="-")
    async def ask(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("しますか", view=Sure())

    register(bot, ask)
    asked = service.slash(hana, "ask", channel=guild["chat"])

    pressed = service.press(hana, asked.message, "yes")

    assert pressed.text == "しました"


def test_registered_commands_and_requests_can_be_counted(service, bot):
    @app_commands.command(description="-")
    async def once(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("-")

    before = len(service.calls("PUT", "/commands"))
    register(bot, once)

    assert [command["name"] for command in service.commands()] == ["once"]
    assert len(service.calls("PUT", "/commands")) == before + 1


def test_messages_reach_the_bot_with_mentions_and_change_and_go(service, bot):
    guild = service.add_guild()
    hana, taro = service.add_user("hana"), service.add_user("taro")
    service.add_member(guild, taro, nick="たろちゃん")
    edited, gone = [], []

    @bot.client.event
    async def on_raw_message_edit(event):
        edited.append(event.data["content"])

    @bot.client.event
    async def on_raw_message_delete(event):
        gone.append(event.message_id)

    sent = service.say(hana, guild["chat"], f"{taro.mention} やあ", files=[File("絵.png", b"png", "image/png")])
    service.say(hana, guild["chat"], "返事", replies_to=sent)
    service.edit(sent, "直した")
    service.delete(sent)

    eventually(lambda: gone == [sent.id], what="the deletion came")
    first, second = [message for message in bot.messages if message.guild.id == guild.id]
    assert bot.texts == ["@たろちゃん やあ", "返事"]
    assert first.attachments[0].filename == "絵.png"
    assert second.reference.message_id == sent.id
    assert edited == ["直した"]


def test_the_bot_writes_reacts_and_waits_out_a_429(service, bot):
    guild = service.add_guild()
    hana = service.add_user("hana")
    sent = service.say(hana, guild["chat"], "おはよう")
    channel = bot.channel(guild["chat"])
    service.limit("POST", "/messages", retry_after=0.05)

    written = bot.do(channel.send("はい", allowed_mentions=discord.AllowedMentions.none()))
    bot.do(channel.get_partial_message(sent.id).add_reaction("✅"))
    bot.do(written.edit(content="はい!"))

    first, second = service.messages(guild["chat"])
    assert first.reactions == ["✅"]
    assert second.text == "はい!"
    assert second.form["allowed_mentions"] == {"parse": []}
    statuses = [call["status"] for call in service.calls("POST", f"{guild['chat'].id}/messages")]
    assert statuses == [429, 200]


def test_a_forbidden_channel_answers_403(service, bot):
    guild = service.add_guild()
    service.forbid(guild["chat"], "send_messages")

    with pytest.raises(discord.Forbidden):
        bot.do(bot.channel(guild["chat"]).send("はい"))


def test_what_a_person_could_not_type_or_see_is_refused(service, bot):
    guild = service.add_guild()
    hana, staff = service.add_user("hana"), service.add_user("staff")
    service.add_member(guild, staff, roles=[service.add_role(guild, "staff", permissions=["manage_guild"])])

    @app_commands.command(description="-")
    @app_commands.default_permissions(manage_guild=True)
    async def limit(interaction: discord.Interaction, characters: app_commands.Range[int, 10, 200]) -> None:
        await interaction.response.send_message(f"{characters} {interaction.permissions.manage_guild}")

    register(bot, limit)

    assert service.slash(staff, "limit", channel=guild["chat"], characters=50).text == "50 True"
    with pytest.raises(Refused, match="from 10 to 200"):
        service.slash(staff, "limit", channel=guild["chat"], characters=5)
    with pytest.raises(Refused, match="not of type"):
        service.slash(staff, "limit", channel=guild["chat"], characters="5")
    with pytest.raises(Refused, match="not shown"):
        service.slash(hana, "limit", channel=guild["chat"], characters=50)


def test_too_long_an_answer_is_refused_by_discord(service, bot):
    guild = service.add_guild()

    @app_commands.command(description="-")
    async def long(interaction: discord.Interaction) -> None:
        try:
            await interaction.response.send_message("あ" * 2_001)
        except discord.HTTPException as refused:
            await interaction.response.send_message(str(refused.code))

    register(bot, long)

    assert service.slash(service.add_user("hana"), "long", channel=guild["chat"]).text == "50035"

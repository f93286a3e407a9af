"""Domains that never identify a company: free mail, and hosts that many companies share.

Two customers whose contacts write from gmail.com are not the same customer. A config adds its own under
``partners.free_mail``.
"""

from __future__ import annotations

_FREE_MAIL = """
    gmail.com googlemail.com outlook.com outlook.de outlook.fr outlook.es outlook.jp hotmail.com hotmail.co.uk
    hotmail.de hotmail.es hotmail.fr hotmail.it live.com live.co.uk live.de live.fr live.nl msn.com passport.com
    windowslive.com yahoo.com yahoo.co.uk yahoo.co.in yahoo.co.jp yahoo.com.au yahoo.com.br yahoo.com.ar yahoo.com.mx
    yahoo.com.sg yahoo.ca yahoo.de yahoo.es yahoo.fr yahoo.in yahoo.it ymail.com rocketmail.com aol.com aol.co.uk
    aim.com icloud.com me.com mac.com proton.me protonmail.com protonmail.ch pm.me tutanota.com tuta.io gmx.com gmx.de
    gmx.net gmx.at gmx.ch gmx.fr gmx.co.uk web.de freenet.de t-online.de arcor.de posteo.de mailbox.org mail.com
    email.com usa.com mail.ru bk.ru inbox.ru list.ru internet.ru yandex.ru yandex.com ya.ru rambler.ru ukr.net i.ua
    seznam.cz email.cz centrum.cz wp.pl o2.pl onet.pl op.pl interia.pl libero.it virgilio.it alice.it tin.it
    tiscali.it orange.fr wanadoo.fr free.fr laposte.net sfr.fr neuf.fr bluewin.ch hispeed.ch telenet.be skynet.be
    ziggo.nl kpnmail.nl xs4all.nl home.nl planet.nl telia.com comhem.se btinternet.com btopenworld.com virginmedia.com
    ntlworld.com sky.com talktalk.net blueyonder.co.uk tiscali.co.uk comcast.net verizon.net att.net sbcglobal.net
    bellsouth.net cox.net charter.net earthlink.net juno.com optonline.net frontier.com roadrunner.com rogers.com
    shaw.ca sympatico.ca telus.net bigpond.com bigpond.net.au optusnet.com.au iinet.net.au xtra.co.nz uol.com.br
    bol.com.br terra.com.br ig.com.br globo.com qq.com 163.com 126.com yeah.net sina.com sina.cn sohu.com foxmail.com
    aliyun.com 139.com 189.cn naver.com hanmail.net daum.net nate.com rediffmail.com docomo.ne.jp ezweb.ne.jp
    softbank.ne.jp nifty.com fastmail.com fastmail.fm hushmail.com hey.com duck.com zohomail.com inbox.com inbox.lv
    abv.bg mail.bg walla.co.il walla.com mailinator.com guerrillamail.com 10minutemail.com yopmail.com trashmail.com
    tempmail.com
"""
FREE_MAIL = frozenset(_FREE_MAIL.split())
_SHARED_HOSTS = """
    google.com linkedin.com facebook.com instagram.com twitter.com x.com youtube.com tiktok.com xing.com
    crunchbase.com medium.com wordpress.com wordpress.org blogger.com tumblr.com wixsite.com weebly.com
    squarespace.com jimdo.com godaddysites.com github.com gitlab.com bitbucket.org notion.site sharepoint.com
    dropbox.com etsy.com ebay.com amazon.com shopify.com linktr.ee bit.ly goo.gl wikipedia.org yelp.com
"""
SHARED_HOSTS = frozenset(_SHARED_HOSTS.split())
NEVER_A_COMPANY = FREE_MAIL | SHARED_HOSTS

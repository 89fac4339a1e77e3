#!/bin/bash
# Makes the pictures of this folder again, on Debian 12: photographs cut from packages, the rest rendered from sources/.
# The files in the repository are the ones that are scored; another version of a program may draw them a little differently.
#   apt-get install chromium librsvg2-bin inkscape imagemagick gnuplot-nox texlive-latex-base groff ghostscript povray poppler-utils \
#     libreoffice-calc-nogui npm fonts-droid-fallback fonts-wqy-microhei fonts-arphic-gkai00mp fonts-comfortaa fonts-lmodern fonts-dejavu
#   pip install matplotlib
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$here"/sources/* "$work"
cd "$work"

keep() { convert "$1" -strip -quality "${3:-88}" "$here/$2"; }  # FILE NAME [QUALITY]

# Photographs
apt-get download opencv-doc python3-skimage
for deb in *.deb; do dpkg-deb -x "$deb" debian; done
pip download -q --no-deps --no-binary :all: luma.lcd==2.13.0 luma.led_matrix==1.9.0
for archive in luma*.tar.gz; do tar xzf "$archive"; done
lcd=luma_lcd-2.13.0/doc/images led=luma_led_matrix-1.9.0/doc/images
opencv=debian/usr/share/doc/opencv-doc/examples skimage=debian/usr/lib/python3/dist-packages/skimage/data
cut() { convert "$1" ${3:-} +repage -strip -quality 90 "$here/$2"; }  # FILE NAME [OPERATIONS]
cut $lcd/hd44780_clock.jpg lcd_clock.jpg
cut $lcd/hd44780_20x4.jpg lcd_loading.jpg
cut $lcd/hd44780_progress.jpg lcd_installing.jpg "-resize 50%"
cut $lcd/IMG_2540.JPG lcd_hello.jpg
cut $led/IMG_2810.JPG led_counter_top.jpg "-crop 360x112+610+40 +repage -resize 200%"
cut $led/IMG_2810.JPG led_counter_bottom.jpg "-crop 360x112+610+236 +repage -resize 200%"
cut $led/box_helloworld.jpg led_matrix.jpg
cut $led/7segment.jpg display_kit.jpg
cut $opencv/text/scenetext04.jpg generator.jpg "-crop 560x420+320+290"
cut $opencv/text/scenetext05.jpg no_parking.jpg "-resize 75%"
cut $opencv/text/scenetext01.jpg notice.jpg
cut $opencv/text/scenetext03.jpg copy_centre.jpg "-crop 640x420+60+420"
cut $opencv/text/scenetext06.jpg shop.jpg
cut $opencv/data/stuff.jpg table.jpg
cut $opencv/data/board.jpg circuit_board.jpg
cut $skimage/coffee.png coffee.jpg
cut $skimage/coins.png coins.jpg "-crop 234x148+8+8 +repage -resize 300%"
cut $skimage/page.png page.jpg "-resize 200%"

# Pages and drawings by Chromium
npm pack --silent canvas-gauges@2.1.7 && tar xzf canvas-gauges-2.1.7.tgz && cp package/gauge.min.js .
shot() {  # NAME WIDTH HEIGHT; the window is higher than the page, since headless Chromium keeps some of it for itself
  chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --disable-background-networking --disable-sync \
    --user-data-dir="$work/profile" --window-size="$2,$(($3 + 200))" --screenshot="$1.png" "file://$work/$1.html"
  convert "$1.png" -crop "$2x$3+0+0" +repage "$1.png"
}
shot motor_plate 900 600 && keep motor_plate.png motor_plate.jpg
shot pill_box_zh 960 720 && keep pill_box_zh.png pill_box_zh.jpg
shot pill_box_en 840 560 && keep pill_box_en.png pill_box_en.jpg
shot network_page 1024 640 && keep network_page.png network_page.png
shot gauge_canvas 640 640 && keep gauge_canvas.png pressure_gauge.jpg
shot pump_plate 880 620  # then seen from the side, out of focus a little, on a rough wall
convert -size 1120x820 -seed 7 plasma:gray45-gray70 -colorspace Gray -colorspace sRGB -blur 0x2 \
  \( pump_plate.png -alpha set -virtual-pixel transparent +distort Perspective '0,0 120,60 880,0 990,130 880,620 960,690 0,620 90,740' \) \
  -layers flatten -blur 0x0.8 -attenuate 0.2 +noise Gaussian -crop 1120x820+0+0 +repage pump.png
keep pump.png pump_plate.jpg

# Plots, SVG, print
python3 plots.py . && keep thermometer.png thermometer.jpg && keep signal_tower.png signal_tower.jpg
gnuplot -e "out='shapes.png'" shapes.gp && keep shapes.png shapes.png
inkscape lamps.svg --export-type=png --export-filename=lamps.png && keep lamps.png lamps_panel.jpg
python3 seven_segment.py > meter.svg && rsvg-convert meter.svg -o meter.png && keep meter.png panel_meter.png
page() { pdftoppm -png -r "$2" -singlefile "$1.pdf" "$1"; }  # NAME DPI
pdflatex -interaction=batchmode sensor_label.tex && page sensor_label 200 && keep sensor_label.png sensor_label.png
groff -t -Tps pump_tag.ms | ps2pdf - pump_tag.pdf && page pump_tag 170
convert pump_tag.png -trim +repage -bordercolor '#f3e27a' -fuzz 0 -fill '#f3e27a' -opaque white -border 40 -background '#5c6b57' -rotate 3 pump_tag.png
keep pump_tag.png pump_tag.jpg
soffice --headless -env:UserInstallation="file://$work/office" --convert-to pdf compressor.csv && page compressor 300
convert compressor.png -trim +repage -crop x485+0+0 +repage -trim +repage -bordercolor white -border 40 -blur 0x0.7 compressor.png && keep compressor.png compressor.jpg
convert -background '#f7d417' -fill black -font "$(fc-match -f %{file} "WenQuanYi Micro Hei")" -pointsize 84 label:$'配电箱 AL-3\n电压 380V\n编号 QF-0372' \
  -bordercolor '#f7d417' -border 30 -bordercolor black -border 8 -rotate -5 cabinet.png
keep cabinet.png cabinet.jpg 70
povray -D +W800 +H600 +A0.2 +Inuts.pov +Onuts.png && keep nuts.png nuts.jpg
povray -D +W960 +H540 +A0.2 +Ilamps.pov +Olamps_pov.png && keep lamps_pov.png lamps_rendered.jpg
